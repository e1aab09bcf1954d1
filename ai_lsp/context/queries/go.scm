;; outline
(function_declaration name: (identifier) @name body: (_) @body) @definition.function
(method_declaration name: (field_identifier) @name body: (_) @body) @definition.method
(type_declaration (type_spec name: (_) @name type: (struct_type (field_declaration_list) @body))) @definition.struct
(type_declaration (type_spec name: (_) @name type: (interface_type "interface" @signature) @body)) @definition.interface
(type_declaration (type_spec name: (_) @name type: [(type_identifier) (qualified_type) (pointer_type) (slice_type) (array_type) (map_type) (channel_type) (function_type) (generic_type)])) @definition.type
(source_file (const_declaration (const_spec name: (_) @name) @definition.constant))
(source_file (var_declaration (var_spec name: (_) @name) @definition.variable))
(field_declaration name: (_) @name) @definition.field
(method_elem name: (_) @name) @definition.method
(import_declaration) @import

;; quiet
[(interpreted_string_literal) (raw_string_literal) (rune_literal)] @string
(comment) @comment

;; blocks
[(block) (literal_value) (field_declaration_list) (interface_type)] @block

;; names
[(identifier) (field_identifier) (type_identifier) (package_identifier)] @reference
