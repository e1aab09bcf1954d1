-- What happens with a suggestion of Neovim's inline completion when it is accepted.
local M = {}

-- What was typed into a suggestion since Neovim asked for it, which it did where the suggestion's range starts;
-- nil where that does not agree with the suggestion any more.
local function typed_into(item)
  local row, start_col = item.range:to_extmark()
  local cursor_row, cursor_col = unpack(vim.api.nvim_win_get_cursor(0))
  if cursor_row ~= row + 1 or cursor_col < start_col then
    return nil
  end
  local typed = vim.api.nvim_get_current_line():sub(start_col + 1, cursor_col)
  return vim.startswith(item.insert_text, typed) and typed or nil
end

-- Neovim 0.12.4 puts a suggestion where the cursor stood when it was asked for, so that what was typed into it since
-- would stand there twice (neovim#36529, mended later). What was typed is taken away first.
function M.rebase(item)
  local typed = typed_into(item)
  if typed and typed ~= '' then
    local row, start_col = item.range:to_extmark()
    vim.api.nvim_buf_set_text(0, row, start_col, row, start_col + #typed, { '' })
  end
  return typed and item
end

-- Types the suggestion's next word, and tells the server how far the user went.
function M.take_word(item)
  local typed = typed_into(item)
  local rest = typed and item.insert_text:sub(#typed + 1)
  local word = rest and (rest:match('^%s*[%w_\128-\255]+') or rest:match('^%s*%S'))
  if not word or word == rest then
    return M.rebase(item)
  end
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(word, '\n', { plain = true })
  vim.api.nvim_buf_set_text(0, row - 1, col, row - 1, col, lines)
  vim.api.nvim_win_set_cursor(0, { row + #lines - 1, (#lines == 1 and col or 0) + #lines[#lines] })
  vim.lsp.get_client_by_id(item.client_id):notify('textDocument/didPartiallyAcceptCompletion', {
    item = { insertText = item.insert_text, command = item.command },
    acceptedLength = vim.str_utfindex(typed .. word, 'utf-16'),
  })
  return nil
end

return M
