;; outline
(function_definition declarator: (_) @name body: (_) @body) @definition.function
(translation_unit (declaration declarator: (_) @name) @definition.variable)
(declaration_list (declaration declarator: (_) @name) @definition.variable)
(field_declaration declarator: (_) @name) @definition.field
(struct_specifier name: (_) @name body: (_) @body) @definition.struct
(union_specifier name: (_) @name body: (_) @body) @definition.struct
(enum_specifier name: (_) @name body: (_) @body) @definition.enum
(type_definition declarator: (type_identifier) @name) @definition.type
(preproc_def name: (_) @name) @definition.macro
(preproc_function_def name: (_) @name) @definition.macro
(class_specifier name: (_) @name body: (_) @body) @definition.class
(namespace_definition name: (_) @name body: (_) @body) @definition.module
(alias_declaration name: (_) @name) @definition.type
(concept_definition name: (_) @name) @definition.type
[(preproc_include) (using_declaration)] @import

;; quiet
[(string_literal) (raw_string_literal) (char_literal) (system_lib_string)] @string
(comment) @comment

;; blocks
[(compound_statement) (field_declaration_list) (declaration_list) (enumerator_list) (initializer_list)] @block

;; names
[(identifier) (field_identifier) (type_identifier) (namespace_identifier)] @reference
