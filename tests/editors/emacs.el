;;; emacs.el --- what the tests add to a user's init.el: nothing that ai-lsp sees  -*- lexical-binding: t; -*-
(setq native-comp-jit-compilation nil
      native-comp-enable-subr-trampolines nil ; there is no compiler here
      inhibit-startup-screen t
      make-backup-files nil
      create-lockfiles nil
      auto-save-default nil
      confirm-kill-processes nil
      electric-indent-mode nil)
(global-eldoc-mode -1)
;;; emacs.el ends here
