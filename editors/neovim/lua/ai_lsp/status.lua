-- What the server says of itself, for a status line: `%{v:lua.require'ai_lsp.status'.text()}`, or a function of lualine's.
local M = {}

local server = { state = 'learning', reason = '' } -- till it speaks
local off = {} -- why nothing is suggested in a buffer, by URI

local WORDS = { idle = 'ai', thinking = 'ai …', learning = 'ai learning', off = 'ai off', failing = 'ai ✗' }

-- Handler of `aiLsp/didChangeStatus`.
function M.changed(_, params)
  if params.uri then
    off[params.uri] = params.state == 'off' and params.reason or nil
  else
    server = { state = params.state, reason = params.reason }
  end
  vim.api.nvim_exec_autocmds('User', { pattern = 'AiLspStatus', modeline = false })
  vim.cmd.redrawstatus()
end

-- The server has ended, or starts anew.
function M.reset()
  server, off = { state = 'learning', reason = '' }, {}
end

-- How things stand in a buffer: `idle`, `thinking`, `learning`, `off` or `failing`, and why; nil where no server serves it.
function M.get(buffer)
  buffer = buffer or vim.api.nvim_get_current_buf()
  if not require('ai_lsp').client(buffer) then
    return nil
  end
  local why = off[vim.uri_from_bufnr(buffer)]
  if why and server.state ~= 'failing' then
    return { state = 'off', reason = why }
  end
  return server
end

-- The same in a few words, `width` cells at most (40): '' where no server serves the buffer.
function M.text(width)
  local status = M.get()
  if not status then
    return ''
  end
  local text = WORDS[status.state] or status.state
  if status.reason ~= '' and status.state ~= 'learning' then
    text = text .. (status.state == 'off' and ': ' or ' ') .. status.reason:gsub('%s+', ' ')
  end
  width = width or 40
  return vim.api.nvim_strwidth(text) <= width and text or vim.fn.strcharpart(text, 0, width - 1) .. '…'
end

return M
