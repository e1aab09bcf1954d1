-- For configurations that start every server through nvim-lspconfig: `require('lspconfig').ai_lsp.setup({})`.
vim.g.ai_lsp_by_lspconfig = true -- plugin/ai_lsp.lua then starts none, and attaches its keys to this one

local here = vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2))
local native = dofile(vim.fs.normalize(here .. '/../../../lsp/ai_lsp.lua'))
local markers = native.root_markers
native.root_markers = nil

return {
  default_config = vim.tbl_extend('force', native, {
    root_dir = function(path)
      return vim.fs.dirname(vim.fs.find(markers, { path = vim.fs.dirname(path), upward = true })[1])
    end,
    single_file_support = true,
  }),
}
