;;; ai-lsp-eglot.el --- ai-lsp through eglot  -*- lexical-binding: t; -*-

;; Suggestions in `completion-at-point' (C-M-i) of Emacs 30's own eglot, which knows no ghost text.

;;; Code:

(when (version< emacs-version "30.1")
  (error "The ai-lsp files need Emacs 30.1 or newer; this is %s" emacs-version))
(require 'eglot)

(defcustom ai-lsp-eglot-modes nil
  "Modes for which eglot starts ai-lsp; nil is every mode that eglot knows a server for.
Eglot runs one server in a buffer, so another server of these modes is not started.
Set it before this file is loaded."
  :type '(repeat symbol)
  :group 'eglot)

(defcustom ai-lsp-eglot-options nil
  "Settings for ai-lsp as a plist, in the words of its config.toml."
  :type 'plist
  :group 'eglot)

(defun ai-lsp-eglot--known ()
  "What eglot knows: (MODE . ENTRY) of each mode, where ENTRY may name the language besides."
  (let (known)
    (dolist (program eglot-server-programs (nreverse known))
      (let ((modes (car program)))
        (dolist (entry (if (and (consp modes) (not (keywordp (cadr modes)))) modes (list modes)))
          (let ((mode (if (consp entry) (car entry) entry)))
            (unless (assq mode known) (push (cons mode entry) known))))))))

(defun ai-lsp-eglot-contact (&rest _)
  "How eglot starts ai-lsp."
  (list "ai-lsp" "--stdio" :initializationOptions
        (or ai-lsp-eglot-options (make-hash-table))))

;; The modes are named as eglot names them, since it tells the server the language by that name.
(let* ((known (ai-lsp-eglot--known))
       (modes (or ai-lsp-eglot-modes (mapcar #'car known))))
  (push (cons (mapcar (lambda (mode) (alist-get mode known mode)) modes) #'ai-lsp-eglot-contact)
        eglot-server-programs)
  (dolist (mode modes)
    (add-hook (intern (format "%s-hook" mode)) #'eglot-ensure)))

;; Eglot names every mode when it has connected: a hundred, over half the screen.
(define-advice eglot--message (:filter-args (arguments) ai-lsp)
  "Say of a long list of modes that it is all of them."
  (mapcar (lambda (argument) (if (and (proper-list-p argument) (length> argument 8)) "all" argument)) arguments))

(provide 'ai-lsp-eglot)
;;; ai-lsp-eglot.el ends here
