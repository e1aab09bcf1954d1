;; outline
(function_definition name: (_) @name body: (_) @body) @definition.function
(method_declaration name: (_) @name body: (_) @body) @definition.method
(method_declaration name: (_) @name !body) @definition.method
(class_declaration name: (_) @name body: (_) @body) @definition.class
(interface_declaration name: (_) @name body: (_) @body) @definition.interface
(trait_declaration name: (_) @name body: (_) @body) @definition.trait
(enum_declaration name: (_) @name body: (_) @body) @definition.enum
(namespace_definition name: (_) @name body: (_) @body) @definition.module
(property_declaration (property_element name: (_) @name)) @definition.field
(const_declaration (const_element (name) @name)) @definition.constant
[(namespace_use_declaration) (expression_statement (require_once_expression)) (expression_statement (require_expression)) (expression_statement (include_expression)) (expression_statement (include_once_expression))] @import

;; quiet
[(string) (encapsed_string) (heredoc) (nowdoc)] @string
(text) @text
(comment) @comment

;; blocks
[(compound_statement) (declaration_list) (enum_declaration_list) (match_block) (switch_block)] @block

;; names
[(name) (variable_name)] @reference
