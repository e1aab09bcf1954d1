-- What the tests add to a user's init.lua: nothing that ai-lsp sees, only what makes a screen readable by a program.
vim.g.loaded_python3_provider = 0 -- looking for a Python takes Neovim two seconds at every start
vim.o.swapfile = false
vim.o.shadafile = 'NONE'
vim.o.showmode = true
vim.o.termguicolors = true
vim.o.autoindent = false -- a test types the blanks it means
vim.g.python_indent = { disable_parentheses_indenting = true }
vim.api.nvim_set_hl(0, 'ComplHint', { fg = '#0f8fef' }) -- ghost text, in a colour that nothing else has
vim.api.nvim_create_autocmd('FileType', {
  callback = function()
    vim.bo.indentexpr = ''
    vim.bo.cindent = false
    vim.bo.smartindent = false
    vim.bo.autoindent = false
  end,
})
