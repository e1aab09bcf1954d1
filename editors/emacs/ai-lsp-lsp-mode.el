;;; ai-lsp-lsp-mode.el --- ai-lsp through lsp-mode  -*- lexical-binding: t; -*-

;; lsp-mode 10 draws ghost text itself, and runs several servers in a buffer: ai-lsp comes beside what you have.

;;; Code:

(require 'lsp-mode)
(require 'lsp-inline-completion)

(defcustom ai-lsp-lsp-mode-options nil
  "Settings for ai-lsp as a plist, in the words of its config.toml."
  :type 'plist
  :group 'lsp-mode)

;; lsp-mode's own key, C-<return>, does not exist in a terminal.
(keymap-set lsp-inline-completion-active-map "TAB" #'lsp-inline-completion-accept)
(keymap-set lsp-inline-completion-active-map "<tab>" #'lsp-inline-completion-accept)

;; Two seconds of rest, lsp-mode's own, are long for a server that answers in a few milliseconds.
(setq lsp-inline-completion-idle-delay 0.15)

(lsp-register-client
 (make-lsp-client :new-connection (lsp-stdio-connection '("ai-lsp" "--stdio"))
                  :activation-fn (lambda (&rest _) (derived-mode-p 'prog-mode 'text-mode))
                  :server-id 'ai-lsp
                  :add-on? t
                  :initialization-options (lambda () (or ai-lsp-lsp-mode-options (make-hash-table)))))

(add-hook 'prog-mode-hook #'lsp-deferred)

(provide 'ai-lsp-lsp-mode)
;;; ai-lsp-lsp-mode.el ends here
