;; outline
(function_definition name: (identifier) @name body: (_) @body) @definition.function
(class_definition name: (identifier) @name body: (_) @body) @definition.class
(module (expression_statement (assignment left: (identifier) @name) @definition.variable))
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @definition.field)))
(type_alias_statement left: (_) @name) @definition.type
[(import_statement) (import_from_statement) (future_import_statement)] @import

;; quiet
(string) @string
(comment) @comment
(interpolation) @code

;; blocks
(block) @block

;; names
(identifier) @reference
