;; outline
((element (start_tag (tag_name) (attribute (attribute_name) @key (quoted_attribute_value (attribute_value) @name))) @signature) @definition.element
  (#eq? @key "id"))
((element (start_tag (tag_name) @tag)) @import
  (#eq? @tag "link"))
((script_element (start_tag (attribute (attribute_name) @key))) @import
  (#eq? @key "src"))

;; quiet
(quoted_attribute_value) @string
(comment) @comment

;; blocks
[(element) (script_element) (style_element)] @block

;; names
[(tag_name) (attribute_name) (attribute_value)] @reference
