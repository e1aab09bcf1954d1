;;; ai-lsp.el --- Ghost text, the next edit and commands of ai-lsp, beside eglot  -*- lexical-binding: t; -*-

;; Version: 0.1
;; Package-Requires: ((emacs "30.1"))

;; Eglot knows neither ghost text nor next edits.  `ai-lsp-mode' asks the same server for both when you rest, shows
;; them with overlays, and takes them with TAB; where nothing is shown every key is itself.
;; `completion-preview-mode' is left alone: where it shows something, ghost text waits.

;;; Code:

(when (version< emacs-version "30.1")
  (error "The ai-lsp files need Emacs 30.1 or newer; this is %s" emacs-version))
(require 'eglot)
(require 'ai-lsp-eglot (expand-file-name "ai-lsp-eglot.el" (file-name-directory (or load-file-name buffer-file-name))))

(defgroup ai-lsp nil "Suggestions of the ai-lsp language server." :group 'eglot)

(defcustom ai-lsp-idle-delay 0.03
  "Seconds of rest after a change before the server is asked for ghost text."
  :type 'number)

(defcustom ai-lsp-next-edit-delay 0.15
  "Seconds of rest after a change before the server is asked for the next edit.
Half a name that is still being typed renames nothing."
  :type 'number)

(defface ai-lsp-ghost '((t :inherit shadow))
  "Text that is suggested at point.")
(defface ai-lsp-added '((t :inherit diff-added))
  "Text that a next edit would put in.")
(defface ai-lsp-removed '((t :inherit diff-removed :strike-through t))
  "Text that a next edit would take away.")
(defface ai-lsp-hint '((t :inherit shadow :box t))
  "The note that the next edit is elsewhere.")

;; What eglot tells the server about us: then it neither fills the completion menu nor points with diagnostics.

(defun ai-lsp--ours-p (server)
  "Whether SERVER is an ai-lsp."
  (when-let* ((process (ignore-errors (jsonrpc--process server)))
              (command (process-command process)))
    (string-match-p "ai-lsp" (mapconcat (lambda (part) (format "%s" part)) command " "))))

(defun ai-lsp--with-capabilities (known server)
  "KNOWN, the capabilities eglot declares to SERVER, with ours where it is an ai-lsp."
  (if (ai-lsp--ours-p server)
      (let ((documents (plist-get known :textDocument)))
        (plist-put (plist-put known :textDocument
                              (plist-put documents :inlineCompletion '(:dynamicRegistration :json-false)))
                   :experimental '(:aiLsp (:nextEdit t :status t))))
    known))
(define-advice eglot-client-capabilities (:around (declare server) ai-lsp)
  "Declare what this file draws."
  (ai-lsp--with-capabilities (funcall declare server) server))

;; What the server says of itself stands in the mode line: ai, ai… while a model thinks, ai! where one fails.

(defvar ai-lsp--states (make-hash-table :test #'equal)
  "What was told last: of a server by its name, of a document by its URI.")

(cl-defmethod eglot-handle-notification (server (_method (eql aiLsp/didChangeStatus)) &key state reason uri)
  "Keep what SERVER told: its STATE, or that of the document URI, and the REASON."
  (puthash (or uri (jsonrpc-name server)) (cons state reason) ai-lsp--states)
  (force-mode-line-update t))

(defun ai-lsp--lighter ()
  "The mode line's word, with the reason as its help."
  (let* ((server (ignore-errors (eglot-current-server)))
         (told (and server (gethash (jsonrpc-name server) ai-lsp--states)))
         (off (gethash (ignore-errors (plist-get (eglot--TextDocumentIdentifier) :uri)) ai-lsp--states))
         (state (cond ((equal (car told) "failing") told) ((equal (car off) "off") off) (t told))))
    (propertize (pcase (car state) ("thinking" " ai…") ("failing" " ai!") ("off" " ai-off") ("learning" " ai~") (_ " ai"))
                'help-echo (cdr state))))

(defun ai-lsp-status ()
  "Say how ai-lsp is: whether it learns, thinks, fails, or is off in this buffer, and why."
  (interactive)
  (let ((word (ai-lsp--lighter)))
    (message "ai-lsp:%s %s" (substring-no-properties word) (or (get-text-property 1 'help-echo word) ""))))

;; One suggestion at a time is on the screen: ghost text at point, or a next edit.

(defvar-local ai-lsp--ghost nil "Overlay of the ghost text, or nil.")
(defvar-local ai-lsp--next nil "The next edit that is shown, as the server sent it, or nil.")
(defvar-local ai-lsp--overlays nil "Overlays of the next edit.")
(defvar-local ai-lsp--timers nil "Timers of the next questions.")
(defvar-local ai-lsp--tick nil "`buffer-chars-modified-tick' that was asked about last.")

(defvar-keymap ai-lsp-shown-map
  :doc "Keys while a suggestion is shown."
  "TAB" #'ai-lsp-take
  "<tab>" #'ai-lsp-take
  "M-f" #'ai-lsp-take-word
  "C-e" #'ai-lsp-take-line
  "C-g" #'ai-lsp-dismiss)

(defvar-local ai-lsp--shown-p nil "Non-nil while `ai-lsp-shown-map' is in force.")
(add-to-list 'minor-mode-map-alist (cons 'ai-lsp--shown-p ai-lsp-shown-map))

;;;###autoload
(define-minor-mode ai-lsp-mode
  "Ghost text and next edits in this buffer, from the ai-lsp that eglot runs for it."
  :lighter (:eval (ai-lsp--lighter))
  (if ai-lsp-mode
      (progn
        (add-hook 'after-change-functions #'ai-lsp--after-change nil t)
        (add-hook 'post-command-hook #'ai-lsp--after-command nil t))
    (remove-hook 'after-change-functions #'ai-lsp--after-change t)
    (remove-hook 'post-command-hook #'ai-lsp--after-command t)
    (ai-lsp--clear)))

(defun ai-lsp--maybe-start ()
  "Switch on in a buffer that an ai-lsp manages."
  (ai-lsp-mode (if (and (eglot-managed-p) (ai-lsp--ours-p (eglot-current-server))) 1 -1)))
(add-hook 'eglot-managed-mode-hook #'ai-lsp--maybe-start)

(defun ai-lsp--clear ()
  "Take everything off the screen."
  (when ai-lsp--ghost (delete-overlay ai-lsp--ghost) (setq ai-lsp--ghost nil))
  (mapc #'delete-overlay ai-lsp--overlays)
  (setq ai-lsp--overlays nil ai-lsp--next nil ai-lsp--shown-p nil))

(defun ai-lsp--after-change (start end removed)
  "Keep the ghost text while what is typed (START to END, nothing REMOVED) is its beginning; else ask anew."
  (if (and ai-lsp--ghost (zerop removed) (= start (overlay-start ai-lsp--ghost))
           (string-prefix-p (buffer-substring-no-properties start end) (overlay-get ai-lsp--ghost 'ai-lsp-text))
           (< (- end start) (length (overlay-get ai-lsp--ghost 'ai-lsp-text))))
      (ai-lsp--show-ghost end (substring (overlay-get ai-lsp--ghost 'ai-lsp-text) (- end start))
                          (overlay-get ai-lsp--ghost 'ai-lsp-covers) (overlay-get ai-lsp--ghost 'ai-lsp-command))
    (ai-lsp--clear))
  (mapc #'cancel-timer ai-lsp--timers)
  (setq ai-lsp--timers
        (list (run-with-idle-timer ai-lsp-idle-delay nil #'ai-lsp--ask (current-buffer) #'ai-lsp--ask-inline)
              (run-with-idle-timer ai-lsp-next-edit-delay nil #'ai-lsp--ask (current-buffer) #'ai-lsp--ask-next))))

(defun ai-lsp--after-command ()
  "Ghost text is true at its own place only."
  (when (and ai-lsp--ghost (/= (point) (overlay-start ai-lsp--ghost)))
    (delete-overlay ai-lsp--ghost)
    (setq ai-lsp--ghost nil ai-lsp--shown-p (and ai-lsp--next t)))
  (when ai-lsp--next (ai-lsp--draw-next)))

(defun ai-lsp--ask (buffer how)
  "Ask the server about BUFFER, which HOW does with the server."
  (when (and (buffer-live-p buffer) (eq buffer (window-buffer)))
    (with-current-buffer buffer
      (when-let* (ai-lsp-mode (server (and (not buffer-read-only) (eglot-current-server))))
        (eglot--signal-textDocument/didChange)
        (setq ai-lsp--tick (buffer-chars-modified-tick))
        (funcall how server)))))

(defun ai-lsp--ask-inline (server)
  "Ask SERVER for ghost text at point."
  (ai-lsp--request server :textDocument/inlineCompletion
                   (append (eglot--TextDocumentPositionParams) '(:context (:triggerKind 2)))
                   #'ai-lsp--take-inline))

(defun ai-lsp--ask-next (server)
  "Ask SERVER for the next edit."
  (ai-lsp--request server :aiLsp/nextEdit
                   (list :textDocument (eglot--VersionedTextDocumentIdentifier)
                         :position (eglot--pos-to-lsp-position))
                   #'ai-lsp--take-next))

(defun ai-lsp--request (server method params then)
  "Send METHOD with PARAMS to SERVER; THEN is called with the answer where buffer and point are still the same."
  (let ((buffer (current-buffer)) (tick (buffer-chars-modified-tick)) (at (point)))
    (jsonrpc-async-request
     server method params :deferred nil :timeout 10
     :success-fn (lambda (answer)
                   (when (buffer-live-p buffer)
                     (with-current-buffer buffer
                       (when (and ai-lsp-mode (= tick (buffer-chars-modified-tick)) (= at (point)))
                         (funcall then answer)))))
     :error-fn #'ignore :timeout-fn #'ignore)))

;; Ghost text

(defun ai-lsp--take-inline (answer)
  "Show the first item of ANSWER at point."
  (when-let* ((items (if (vectorp answer) answer (plist-get answer :items)))
              (item (and (> (length items) 0) (aref items 0)))
              (text (plist-get item :insertText)))
    (unless (bound-and-true-p completion-preview-active-mode)
      (pcase-let* ((`(,start . ,end) (eglot-range-region (plist-get item :range)))
                   (typed (buffer-substring-no-properties start (point))))
        (when (and (stringp text) (string-prefix-p typed text) (<= (point) end))
          (ai-lsp--show-ghost (point) (substring text (length typed)) (- end (point)) (plist-get item :command)))))))

(defun ai-lsp--show-ghost (at text covers command)
  "Show TEXT at AT, in place of the COVERS characters behind it; COMMAND tells the server when it is taken."
  (when ai-lsp--ghost (delete-overlay ai-lsp--ghost))
  (unless (string-empty-p text)
    (let ((overlay (make-overlay at at nil t nil)) (shown (propertize text 'face 'ai-lsp-ghost)))
      (put-text-property 0 1 'cursor t shown)
      (overlay-put overlay 'after-string shown)
      (overlay-put overlay 'ai-lsp-text text)
      (overlay-put overlay 'ai-lsp-covers covers)
      (overlay-put overlay 'ai-lsp-command command)
      (setq ai-lsp--ghost overlay ai-lsp--shown-p t))))

(defun ai-lsp--insert-ghost (part)
  "Insert PART, the beginning of the ghost text; what is left stays shown."
  (let* ((overlay ai-lsp--ghost)
         (text (overlay-get overlay 'ai-lsp-text))
         (covers (overlay-get overlay 'ai-lsp-covers))
         (command (overlay-get overlay 'ai-lsp-command))
         (whole (= (length part) (length text))))
    (let ((inhibit-modification-hooks nil))
      (ai-lsp--clear)
      (when (and whole (> covers 0)) (delete-region (point) (min (point-max) (+ (point) covers))))
      (insert part))
    (if whole
        (ai-lsp--tell command)
      (ai-lsp--show-ghost (point) (substring text (length part)) covers command))))

;; The next edit

(defun ai-lsp--take-next (answer)
  "Show the first suggestion of ANSWER."
  (let ((suggestions (plist-get answer :suggestions)))
    (mapc #'delete-overlay ai-lsp--overlays)
    (setq ai-lsp--overlays nil
          ai-lsp--next (and (> (length suggestions) 0) (aref suggestions 0))
          ai-lsp--shown-p (and (or ai-lsp--ghost ai-lsp--next) t))
    (when ai-lsp--next (ai-lsp--draw-next))))

(defun ai-lsp--here-p (suggestion)
  "Whether SUGGESTION is about this buffer."
  (equal (plist-get suggestion :uri) (plist-get (eglot--TextDocumentIdentifier) :uri)))

(defun ai-lsp--near-p (suggestion)
  "Whether point is so near to SUGGESTION that TAB applies it."
  (and (ai-lsp--here-p suggestion) (equal (plist-get suggestion :kind) "edit")
       (pcase-let ((`(,start . ,end) (eglot-range-region (plist-get suggestion :target))))
         (<= (- (line-number-at-pos start) 2) (line-number-at-pos) (+ (line-number-at-pos end) 2)))))

(defun ai-lsp--overlay (start end &rest properties)
  "An overlay of the next edit from START to END with PROPERTIES."
  (let ((overlay (make-overlay start end nil t nil)))
    (while properties (overlay-put overlay (pop properties) (pop properties)))
    (push overlay ai-lsp--overlays)))

(defun ai-lsp--draw-next ()
  "Draw the next edit: what goes, what comes, and, away from it, where it is."
  (mapc #'delete-overlay ai-lsp--overlays)
  (setq ai-lsp--overlays nil)
  (let* ((next ai-lsp--next) (here (ai-lsp--here-p next))
         (line (1+ (plist-get (plist-get (plist-get next :target) :start) :line))))
    (when (and here (equal (plist-get next :kind) "edit"))
      (seq-doseq (edit (plist-get next :edits))
        (pcase-let ((`(,start . ,end) (eglot-range-region (plist-get edit :range))))
          (when (< start end) (ai-lsp--overlay start end 'face 'ai-lsp-removed))
          (ai-lsp--overlay end end 'after-string (propertize (plist-get edit :newText) 'face 'ai-lsp-added)))))
    (unless (ai-lsp--near-p next)
      (let ((note (format " ⇥ next edit: %s%d "
                          (if here (if (< line (line-number-at-pos)) "↑ line " "↓ line ")
                            (concat (file-name-nondirectory (eglot-uri-to-path (plist-get next :uri))) ":"))
                          line)))
        (ai-lsp--overlay (pos-eol) (pos-eol) 'after-string (concat " " (propertize note 'face 'ai-lsp-hint)))))))

(defun ai-lsp--apply-next ()
  "Make the next edit, and ask for the one after it."
  (let ((next ai-lsp--next))
    (ai-lsp--clear)
    (eglot--apply-text-edits (plist-get next :edits))
    (ai-lsp--tell (plist-get next :command))
    (ai-lsp--ask (current-buffer) #'ai-lsp--ask-next)))

(defun ai-lsp--jump ()
  "Go to the place of the next edit; it stays shown there."
  (let ((next ai-lsp--next) (start (plist-get (plist-get ai-lsp--next :target) :start)))
    (push-mark)
    (unless (ai-lsp--here-p next)
      (ai-lsp--clear)
      (find-file (eglot-uri-to-path (plist-get next :uri))))
    (goto-char (eglot--lsp-position-to-point start))
    (if (equal (plist-get next :kind) "jump")
        (progn (ai-lsp--clear) (ai-lsp--tell (plist-get next :command)))
      (setq ai-lsp--next next ai-lsp--shown-p t)
      (ai-lsp--draw-next))))

;; Commands

(defun ai-lsp-take ()
  "Take the ghost text; without it jump to the next edit, and there make it."
  (interactive)
  (cond (ai-lsp--ghost (ai-lsp--insert-ghost (overlay-get ai-lsp--ghost 'ai-lsp-text)))
        ((null ai-lsp--next) (ai-lsp--clear))
        ((ai-lsp--near-p ai-lsp--next) (ai-lsp--apply-next))
        (t (ai-lsp--jump))))

(defun ai-lsp--take-up-to (regexp key)
  "Take the ghost text up to the first match of REGEXP; without it KEY does what it always does."
  (if ai-lsp--ghost
      (let ((text (overlay-get ai-lsp--ghost 'ai-lsp-text)))
        (string-match regexp text)
        (ai-lsp--insert-ghost (substring text 0 (match-end 0))))
    (let ((ai-lsp--shown-p nil))
      (call-interactively (key-binding key)))))

(defun ai-lsp-take-word ()
  "Take the next word of the ghost text."
  (interactive)
  (ai-lsp--take-up-to "\\`[[:space:]\n]*\\(?:\\w\\|\\s_\\)+\\|\\`[[:space:]\n]*[^[:space:]\n]" (kbd "M-f")))

(defun ai-lsp-take-line ()
  "Take the ghost text up to the end of its line."
  (interactive)
  (ai-lsp--take-up-to "\\`\n?[^\n]*" (kbd "C-e")))

(defun ai-lsp-dismiss ()
  "Take the suggestion off the screen and tell the server that it was not wanted."
  (interactive)
  (let* ((command (if ai-lsp--ghost (overlay-get ai-lsp--ghost 'ai-lsp-command)
                    (plist-get ai-lsp--next :command)))
         (arguments (plist-get command :arguments)))
    (ai-lsp--clear)
    (when arguments (ai-lsp--execute "ai-lsp.reject" arguments)))
  (keyboard-quit))

(defun ai-lsp--tell (command)
  "Run COMMAND, which came with what was taken."
  (when command (ai-lsp--execute (plist-get command :command) (plist-get command :arguments))))

(defun ai-lsp--execute (command arguments)
  "Have the server run COMMAND with ARGUMENTS, a vector, without waiting for it."
  (jsonrpc-async-request (eglot--current-server-or-lose) :workspace/executeCommand
                         (list :command command :arguments (or arguments []))
                         :success-fn #'ignore :timeout-fn #'ignore
                         :error-fn (lambda (failure) (message "ai-lsp: %s" (plist-get failure :message)))))

(defun ai-lsp-edit (instruction &optional start end)
  "Have the text from START to END (the region, else the whole file) edited by INSTRUCTION; it is shown before."
  (interactive (cons (read-string "What should change? ") (if (use-region-p) (list (region-beginning) (region-end)))))
  (ai-lsp--execute "ai-lsp.edit"
                   (vector (append (list :textDocument (eglot--VersionedTextDocumentIdentifier)
                                         :instruction instruction)
                                   (when start (list :range (eglot-region-range start end)))))))

(defun ai-lsp-review ()
  "Have this file looked through for bugs."
  (interactive)
  (ai-lsp--execute "ai-lsp.review" (vector (list :textDocument (eglot--TextDocumentIdentifier)))))

(defun ai-lsp-why ()
  "Say why nothing was suggested."
  (interactive)
  (ai-lsp--execute "ai-lsp.why" []))

(provide 'ai-lsp)
;;; ai-lsp.el ends here
