;;; emacs.el --- what the tests add to a user's init.el: nothing that ai-lsp sees  -*- lexical-binding: t; -*-
(setq native-comp-jit-compilation nil
      inhibit-startup-screen t
      make-backup-files nil
      create-lockfiles nil
      auto-save-default nil
      confirm-kill-processes nil
      electric-indent-mode nil)
(global-eldoc-mode -1)
;;; emacs.el ends here
