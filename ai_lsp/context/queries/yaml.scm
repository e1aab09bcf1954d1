;; outline
(block_mapping_pair key: (_) @name value: (block_node) @body) @definition.key

;; quiet
[(double_quote_scalar) (single_quote_scalar) (block_scalar)] @string
(comment) @comment

;; blocks
[(block_mapping) (block_sequence) (flow_mapping) (flow_sequence)] @block

;; names
[(block_mapping_pair key: (_) @reference) (anchor_name) @reference (alias_name) @reference]
