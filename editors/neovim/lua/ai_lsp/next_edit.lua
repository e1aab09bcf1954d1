-- The next edit in Neovim: drawn where it is, one key jumps to it and then applies it. Without one the key is itself.
local M = {}

local namespace = vim.api.nvim_create_namespace('ai_lsp_next_edit')
local DELAY_MS = 120 -- after the last change; the server answers from its own engine within a few milliseconds
local shown = nil -- { client_id, buffer, suggestion }
local timer = nil

local highlights = { AiLspNextEditAdd = 'DiffAdd', AiLspNextEditDelete = 'DiffDelete', AiLspNextEditHint = 'Comment' }
for name, link in pairs(highlights) do
  vim.api.nvim_set_hl(0, name, { link = link, default = true })
end

local function clear()
  if shown and vim.api.nvim_buf_is_valid(shown.buffer) then
    vim.api.nvim_buf_clear_namespace(shown.buffer, namespace, 0, -1)
  end
  shown = nil
end

local function client_of(buffer)
  return vim.lsp.get_clients({ name = 'ai_lsp', bufnr = buffer })[1]
end

-- A position of the protocol as row and byte column, both counted from 0.
local function place(buffer, position)
  local line = vim.api.nvim_buf_get_lines(buffer, position.line, position.line + 1, false)[1] or ''
  return position.line, vim.str_byteindex(line, 'utf-16', position.character, false)
end

local function hint(buffer, row, text)
  vim.api.nvim_buf_set_extmark(buffer, namespace, row, 0, {
    virt_text = { { ' ⇥ ' .. text, 'AiLspNextEditHint' } },
    virt_text_pos = 'eol',
  })
end

local function first_change(edit)
  local text = vim.trim(vim.split(edit.newText, '\n')[1])
  return text ~= '' and text or 'delete'
end

-- What goes struck through, what comes stands beside it, whole lines below it.
local function draw_edit(buffer, edit)
  local row, col = place(buffer, edit.range.start)
  local end_row, end_col = place(buffer, edit.range['end'])
  if row ~= end_row or col ~= end_col then
    vim.api.nvim_buf_set_extmark(buffer, namespace, row, col, {
      end_row = end_row,
      end_col = end_col,
      hl_group = 'AiLspNextEditDelete',
    })
  end
  local lines = vim.split(edit.newText:gsub('\r\n?', '\n'), '\n')
  if lines[1] ~= '' then
    vim.api.nvim_buf_set_extmark(buffer, namespace, end_row, end_col, {
      virt_text = { { lines[1], 'AiLspNextEditAdd' } },
      virt_text_pos = 'inline',
    })
  end
  if #lines > 1 then
    local below = {}
    for index = 2, #lines do
      table.insert(below, { { lines[index], 'AiLspNextEditAdd' } })
    end
    vim.api.nvim_buf_set_extmark(buffer, namespace, end_row, end_col, { virt_lines = below })
  end
  return row
end

local function draw(buffer, suggestion)
  local cursor_row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local here = suggestion.uri == vim.uri_from_bufnr(buffer)
  local target = suggestion.target.start.line
  if not here then
    local name = vim.fn.fnamemodify(vim.uri_to_fname(suggestion.uri), ':.')
    hint(buffer, cursor_row, ('%s:%d'):format(name, target + 1))
    return
  end
  if suggestion.kind == 'edit' then
    draw_edit(buffer, suggestion.edits[1])
    hint(buffer, target, 'Tab')
  else
    hint(buffer, target, 'here')
  end
  if target < vim.fn.line('w0') - 1 or target > vim.fn.line('w$') - 1 then
    local what = suggestion.kind == 'edit' and first_change(suggestion.edits[1]) or 'look here'
    hint(buffer, cursor_row, ('%d: %s'):format(target + 1, what))
  end
end

-- Asks for the next edit of the current buffer and draws it.
function M.ask()
  local buffer = vim.api.nvim_get_current_buf()
  local client = client_of(buffer)
  clear()
  if not client or vim.bo[buffer].buftype ~= '' then
    return
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.textDocument.version = vim.lsp.util.buf_versions[buffer]
  client:request('aiLsp/nextEdit', params, function(err, result)
    local suggestion = not err and result and result.suggestions[1]
    local is_stale = vim.lsp.util.buf_versions[buffer] ~= params.textDocument.version
    if not suggestion or is_stale or vim.api.nvim_get_current_buf() ~= buffer then
      return
    end
    clear()
    shown = { client_id = client.id, buffer = buffer, suggestion = suggestion }
    draw(buffer, suggestion)
  end, buffer)
end

local function ask_soon()
  clear()
  if timer then
    timer:stop()
  end
  timer = vim.defer_fn(M.ask, DELAY_MS)
end

local function tell(command)
  local client = vim.lsp.get_client_by_id(shown.client_id)
  if client then
    client:exec_cmd(command, { bufnr = shown.buffer })
  end
end

local function jump(suggestion)
  vim.cmd("normal! m'")
  local location = { uri = suggestion.uri, range = suggestion.target }
  vim.lsp.util.show_document(location, 'utf-16', { focus = true })
end

local function apply(suggestion)
  local buffer, edit = shown.buffer, suggestion.edits[1]
  local row, col = place(buffer, edit.range.start)
  vim.lsp.util.apply_text_edits(suggestion.edits, buffer, 'utf-16')
  local lines = vim.split(edit.newText:gsub('\r\n?', '\n'), '\n')
  local last = #lines[#lines] + (#lines == 1 and col or 0)
  pcall(vim.api.nvim_win_set_cursor, 0, { row + #lines, last })
end

-- Jumps to the edit that is shown, or applies it where the cursor is on its line already; false where none is shown.
function M.take()
  if not shown or shown.buffer ~= vim.api.nvim_get_current_buf() then
    return false
  end
  local suggestion = shown.suggestion
  vim.schedule(function()
    if not shown or shown.suggestion ~= suggestion then
      return
    end
    local here = suggestion.uri == vim.uri_from_bufnr(shown.buffer)
    local is_there = here and vim.api.nvim_win_get_cursor(0)[1] - 1 == suggestion.target.start.line
    if suggestion.kind == 'edit' and is_there then
      apply(suggestion)
      tell(suggestion.command)
    else
      jump(suggestion)
      if suggestion.kind == 'jump' then
        tell(suggestion.command)
      end
    end
    M.ask()
  end)
  return true
end

-- Takes the edit that is shown off the screen; it does not come again here for a while.
function M.dismiss()
  if not shown then
    return false
  end
  tell({ title = 'Dismiss', command = 'ai-lsp.reject', arguments = { shown.suggestion.id } })
  clear()
  return true
end

-- Maps the keys of a buffer and keeps its next edit up to date.
function M.attach(buffer, keys)
  local group = vim.api.nvim_create_augroup('ai_lsp_next_edit_' .. buffer, {})
  vim.api.nvim_create_autocmd({ 'TextChanged', 'TextChangedI', 'InsertLeave' }, {
    group = group,
    buffer = buffer,
    callback = ask_soon,
  })
  vim.api.nvim_create_autocmd('BufLeave', { group = group, buffer = buffer, callback = clear })
  for key, what in pairs({ next_edit = M.take, dismiss = M.dismiss }) do
    if keys[key] then
      vim.keymap.set('n', keys[key], function()
        return what() and '' or keys[key]
      end, { buffer = buffer, expr = true, desc = 'ai-lsp: ' .. key:gsub('_', ' ') })
    end
  end
end

return M
