;; outline
(function_definition name: (_) @name body: (_) @body) @definition.function
(program (variable_assignment name: (_) @name) @definition.variable)
((command name: (command_name) @callee) @import
  (#any-of? @callee "source" "."))

;; quiet
[(string) (raw_string) (ansi_c_string) (heredoc_body)] @string
(comment) @comment
[(command_substitution) (expansion)] @code

;; blocks
[(compound_statement) (do_group) (subshell) (if_statement) (case_item)] @block

;; names
[(variable_name) (command_name)] @reference
