;; outline
(pair key: (string (string_content) @name) value: [(object) (array)] @body) @definition.key

;; quiet
(string) @string
(comment) @comment

;; blocks
[(object) (array)] @block

;; names
(pair key: (string (string_content) @reference))
