;; outline
(rule_set (selectors) @name (block) @body) @definition.rule
(media_statement (block) @body) @definition.rule
(keyframes_statement (keyframes_name) @name (keyframe_block_list) @body) @definition.rule
((declaration (property_name) @name) @definition.variable
  (#match? @name "^--"))
(import_statement) @import

;; quiet
(string_value) @string
(comment) @comment

;; blocks
[(block) (keyframe_block_list)] @block

;; names
[(property_name) (class_name) (id_name) (tag_name) (function_name) (plain_value)] @reference
