;; outline
(method name: (_) @name body: (_) @body) @definition.method
(method name: (_) @name !body) @definition.method
(singleton_method name: (_) @name body: (_) @body) @definition.method
(class name: (_) @name body: (_) @body) @definition.class
(class name: (_) @name !body) @definition.class
(module name: (_) @name body: (_) @body) @definition.module
(assignment left: (constant) @name) @definition.constant
((call method: (identifier) @callee) @import
  (#any-of? @callee "require" "require_relative" "load" "autoload"))

;; quiet
[(string) (subshell) (regex) (heredoc_body) (string_array) (symbol_array) (delimited_symbol)] @string
(comment) @comment
(interpolation) @code

;; blocks
[(body_statement) (do_block) (block) (then) (do)] @block

;; names
[(identifier) (constant) (instance_variable) (class_variable) (global_variable) (simple_symbol)] @reference
