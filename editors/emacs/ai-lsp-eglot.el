;;; ai-lsp-eglot.el --- ai-lsp through eglot  -*- lexical-binding: t; -*-

;; Suggestions in `completion-at-point' (C-M-i) of Emacs 30's own eglot, which knows no ghost text.

;;; Code:

(require 'eglot)

(defcustom ai-lsp-eglot-modes '(prog-mode)
  "Modes, with those derived from them, for which eglot starts ai-lsp.
Eglot runs one server in a buffer, so another server of these modes is not started."
  :type '(repeat symbol)
  :group 'eglot)

(defcustom ai-lsp-eglot-options nil
  "Settings for ai-lsp as a plist, in the words of its config.toml."
  :type 'plist
  :group 'eglot)

(defun ai-lsp-eglot-contact (&rest _)
  "How eglot starts ai-lsp."
  `("ai-lsp" "--stdio" :initializationOptions ,(or ai-lsp-eglot-options #s(hash-table))))

(add-to-list 'eglot-server-programs (cons ai-lsp-eglot-modes #'ai-lsp-eglot-contact))
(dolist (mode ai-lsp-eglot-modes)
  (add-hook (intern (format "%s-hook" mode)) #'eglot-ensure))

(provide 'ai-lsp-eglot)
;;; ai-lsp-eglot.el ends here
