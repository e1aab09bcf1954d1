-- Neovim's own way of applying a server's edit, with fewer words: what 0.12 says of each part takes several lines, and
-- so stops the typing with "Press ENTER".
local M = {}

local function ticks(edit)
  local found = {}
  for _, change in ipairs(edit.documentChanges or {}) do
    if change.textDocument then
      local buffer = vim.uri_to_bufnr(change.textDocument.uri)
      found[buffer] = vim.api.nvim_buf_is_loaded(buffer) and vim.api.nvim_buf_get_changedtick(buffer) or 0
    end
  end
  return found
end

-- Handler of `workspace/applyEdit`.
function M.handler(err, params, ctx)
  local label, before, notify = params.label, ticks(params.edit), vim.notify
  params.label = nil
  vim.notify = function(text, ...)
    if not vim.startswith(text, 'Applied changes:') then
      notify(text, ...)
    end
  end
  local ok, result = pcall(vim.lsp.handlers['workspace/applyEdit'], err, params, ctx)
  vim.notify = notify
  if not ok then
    error(result, 0)
  end
  if label and not vim.deep_equal(before, ticks(params.edit)) then
    vim.cmd.redraw()
    vim.notify('ai-lsp: ' .. label:gsub('%s+', ' '):sub(1, math.max(20, vim.v.echospace - 10)))
  end
  return result
end

return M
