;; outline
(function_item name: (_) @name body: (_) @body) @definition.function
(function_signature_item name: (_) @name) @definition.function
(struct_item name: (_) @name body: (_) @body) @definition.struct
(struct_item name: (_) @name !body) @definition.struct
(enum_item name: (_) @name body: (_) @body) @definition.enum
(union_item name: (_) @name body: (_) @body) @definition.struct
(trait_item name: (_) @name body: (_) @body) @definition.trait
(impl_item type: (_) @name body: (_) @body) @definition.impl
(mod_item name: (_) @name body: (_) @body) @definition.module
(type_item name: (_) @name) @definition.type
(const_item name: (_) @name) @definition.constant
(static_item name: (_) @name) @definition.variable
(macro_definition name: (_) @name) @definition.macro
(field_declaration name: (_) @name) @definition.field
(enum_variant name: (_) @name) @definition.field
[(use_declaration) (extern_crate_declaration)] @import

;; quiet
[(string_literal) (raw_string_literal) (char_literal)] @string
[(line_comment) (block_comment)] @comment

;; blocks
[(block) (declaration_list) (field_declaration_list) (enum_variant_list) (match_block) (field_initializer_list)] @block

;; names
[(identifier) (field_identifier) (type_identifier) (shorthand_field_identifier)] @reference
