;; outline
(class_declaration name: (_) @name body: (_) @body) @definition.class
(interface_declaration name: (_) @name body: (_) @body) @definition.interface
(enum_declaration name: (_) @name body: (_) @body) @definition.enum
(record_declaration name: (_) @name body: (_) @body) @definition.class
(annotation_type_declaration name: (_) @name body: (_) @body) @definition.interface
(method_declaration name: (_) @name body: (_) @body) @definition.method
(method_declaration name: (_) @name !body) @definition.method
(constructor_declaration name: (_) @name body: (_) @body) @definition.method
(field_declaration declarator: (variable_declarator name: (_) @name)) @definition.field
(enum_constant name: (_) @name) @definition.field
[(import_declaration) (package_declaration)] @import

;; quiet
[(string_literal) (character_literal)] @string
[(line_comment) (block_comment)] @comment
(string_interpolation) @code

;; blocks
[(block) (class_body) (interface_body) (enum_body) (constructor_body) (switch_block) (annotation_type_body)] @block

;; names
[(identifier) (type_identifier)] @reference
