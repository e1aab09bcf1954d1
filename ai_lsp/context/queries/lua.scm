;; outline
(function_declaration name: (_) @name body: (_) @body) @definition.function
(function_declaration name: (_) @name !body) @definition.function
(assignment_statement (variable_list name: (_) @name) (expression_list value: (function_definition body: (_) @body))) @definition.function
(field name: (identifier) @name value: (function_definition body: (_) @body)) @definition.method
(chunk (variable_declaration (assignment_statement (variable_list name: (_) @name))) @definition.variable)
((variable_declaration (assignment_statement (expression_list value: (function_call name: (identifier) @callee)))) @import
  (#eq? @callee "require"))

;; quiet
(string) @string
(comment) @comment

;; blocks
[(block) (table_constructor)] @block

;; names
(identifier) @reference
