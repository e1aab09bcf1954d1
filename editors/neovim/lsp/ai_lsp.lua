-- How Neovim (0.11 or newer) starts ai-lsp. `vim.lsp.config('ai_lsp', { … })` in your init.lua overrides any of it.

-- A warning that comes while you type waits until you leave insert mode, and is cut to the last line: Neovim would
-- stop the typing with "Press ENTER" otherwise. The whole of it is kept for `:AiLspMessages`.
local function show_message(_, params)
  local kept = vim.g.ai_lsp_messages or {}
  kept[#kept + 1] = params.message
  vim.g.ai_lsp_messages = kept
  if params.type > vim.lsp.protocol.MessageType.Warning then
    -- What was asked for, such as the answer of `:AiLspWhy`, is shown whole; in a window where the line is too short.
    if vim.api.nvim_strwidth(params.message) > vim.v.echospace and vim.api.nvim_get_mode().mode == 'n' then
      local lines = vim.split(params.message, '\n')
      vim.lsp.util.open_floating_preview(lines, '', { border = 'rounded', wrap = true, focus = false })
    else
      vim.notify(params.message, vim.log.levels.INFO)
    end
    return params
  end
  local function show()
    local text, more = params.message:gsub('%s+', ' '), ' … :AiLspMessages'
    if vim.api.nvim_strwidth(text) > vim.v.echospace then
      text = vim.fn.strcharpart(text, 0, vim.v.echospace - vim.api.nvim_strwidth(more)) .. more
    end
    vim.notify(text, vim.log.levels.WARN)
  end
  if vim.api.nvim_get_mode().mode:find('^[iR]') then
    vim.api.nvim_create_autocmd('InsertLeave', { once = true, callback = vim.schedule_wrap(show) })
  else
    show()
  end
  return params
end

---@type vim.lsp.Config
return {
  cmd = vim.g.ai_lsp_cmd or { 'ai-lsp', '--stdio' },
  -- No `filetypes`: every file that has a type. A file without a project is served alone.
  root_markers = { '.ai-lsp.toml', '.git' },
  -- It draws ghost text and the next edit itself (lua/ai_lsp), also where Neovim knows of neither.
  capabilities = {
    textDocument = { inlineCompletion = { dynamicRegistration = false } },
    experimental = { aiLsp = { nextEdit = true, copy = true, status = true } },
  },
  handlers = {
    ['window/showMessage'] = show_message,
    ['workspace/applyEdit'] = function(...)
      return require('ai_lsp.apply').handler(...)
    end,
    ['aiLsp/didChangeStatus'] = function(...)
      require('ai_lsp.status').changed(...)
    end,
    ['aiLsp/nextEditReady'] = function(_, params)
      require('ai_lsp.next_edit').news(params)
    end,
    ['aiLsp/copy'] = function(_, params)
      pcall(vim.fn.setreg, '+', params.text) -- where Neovim reaches a clipboard
      vim.fn.setreg('"', params.text)
    end,
  },
}
