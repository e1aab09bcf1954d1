-- How Neovim (0.11 or newer) starts ai-lsp. `vim.lsp.config('ai_lsp', { … })` in your init.lua overrides any of it.
---@type vim.lsp.Config
return {
  cmd = { 'ai-lsp', '--stdio' },
  -- No `filetypes`: every file that has a type. A file without a project is served alone.
  root_markers = { '.ai-lsp.toml', '.git' },
}
