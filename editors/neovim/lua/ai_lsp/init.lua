-- What the files of ai-lsp share: which client is ours.
local M = {}

-- sidekick.nvim takes the first client whose name says "copilot": `vim.g.ai_lsp_name = 'ai_lsp_copilot'`.
M.name = vim.g.ai_lsp_name or 'ai_lsp'

-- The client that serves a buffer, or any of ours; nil where there is none.
function M.client(buffer)
  return vim.lsp.get_clients({ name = M.name, bufnr = buffer })[1]
end

-- The same for a command of the user's, who is told where there is none.
function M.client_or_say()
  local client = M.client(0)
  if not client then
    vim.notify('ai-lsp is not attached to this buffer; `:checkhealth ai-lsp` says why', vim.log.levels.WARN)
  end
  return client
end

-- Accepts the ghost text, or behind text the next edit that is shown; false where there is neither. For a key that a
-- plugin of yours has as well, such as Tab of blink.cmp. Where a line begins, Tab is for indenting.
function M.accept()
  if not M.client(0) then
    return false
  end
  if require('ai_lsp.ghost_text').accept() then
    return true
  end
  local before = vim.api.nvim_get_current_line():sub(1, vim.api.nvim_win_get_cursor(0)[2])
  local takes = (vim.g.ai_lsp_keys or {}).next_edit ~= false
  return takes and before:find('%S') ~= nil and require('ai_lsp.next_edit').take()
end

return M
