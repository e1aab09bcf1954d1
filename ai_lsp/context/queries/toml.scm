;; outline
(table [(bare_key) (quoted_key) (dotted_key)] @name "]" @signature) @definition.table
(table_array_element [(bare_key) (quoted_key) (dotted_key)] @name "]]" @signature) @definition.table
(document (pair [(bare_key) (quoted_key) (dotted_key)] @name) @definition.key)

;; quiet
(string) @string
(comment) @comment

;; blocks
[(table) (table_array_element) (array) (inline_table)] @block

;; names
[(bare_key) (quoted_key)] @reference
