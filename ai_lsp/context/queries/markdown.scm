;; outline
(section (atx_heading heading_content: (_) @name) @signature) @definition.section
(section (setext_heading heading_content: (_) @name) @signature) @definition.section
(link_reference_definition (link_label) @name) @definition.link

;; quiet
((html_block) @comment
  (#match? @comment "^\\s*<!--"))

;; blocks
[(section) (fenced_code_block) (list_item) (block_quote)] @block

;; names
[(link_label) (info_string) (language)] @reference
