-- The next edit in Neovim: drawn where it is, one key jumps to it and then applies it. Without one the key is itself.
local M = {}

local namespace = vim.api.nvim_create_namespace('ai_lsp_next_edit')
local DELAY_MS = 120 -- after the last change; the server answers from its own engine within a few milliseconds
local WORD_MS = 300 -- the same behind a word that is being typed: half a name renames nothing
local NEAR = 2 -- lines from the cursor within which a jump would only cost a key
local LONGEST = 60
local SURE = 0.8 -- what is that sure stays on the screen
local shown = nil -- { client_id, buffer, suggestion }
local asked = {} -- buffer and tick of the last question
local following = false -- what comes after a taken edit is on its way
local pressed = false -- and the key was pressed meanwhile
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
  return require('ai_lsp').client(buffer)
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

-- The first line that is there after an edit, which says more than the letters that come and go.
local function first_change(buffer, edit)
  local row, col = place(buffer, edit.range.start)
  local end_row, end_col = place(buffer, edit.range['end'])
  local before = (vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''):sub(1, col)
  local after = (vim.api.nvim_buf_get_lines(buffer, end_row, end_row + 1, false)[1] or ''):sub(end_col + 1)
  local lines = vim.split(before .. edit.newText:gsub('\r\n?', '\n') .. after, '\n')
  for _, line in ipairs(lines) do
    if vim.trim(line) ~= '' then
      return vim.fn.strcharpart(vim.trim(line), 0, LONGEST)
    end
  end
  return 'delete'
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

-- Whether the key would apply it: the cursor is at the edit, or so near that it is seen anyway.
local function is_near(suggestion, buffer)
  if suggestion.kind ~= 'edit' or suggestion.uri ~= vim.uri_from_bufnr(buffer) then
    return false
  end
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  return row >= suggestion.target.start.line - NEAR and row <= suggestion.target['end'].line + NEAR
end

local function draw(buffer, suggestion)
  vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
  local cursor_row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local why = vim.fn.strcharpart(suggestion.why, 0, LONGEST)
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
    hint(buffer, target, why)
  end
  if target < vim.fn.line('w0') - 1 or target > vim.fn.line('w$') - 1 then
    local what = suggestion.kind == 'edit' and first_change(buffer, suggestion.edits[1]) or why
    hint(buffer, cursor_row, ('%d: %s'):format(target + 1, what))
  end
end

-- Asks for the next edit of the current buffer and draws it.
function M.ask()
  local buffer = vim.api.nvim_get_current_buf()
  local client = client_of(buffer)
  clear()
  if timer then
    timer:stop()
  end
  if not client or vim.bo[buffer].buftype ~= '' then
    following, pressed = false, false
    return
  end
  asked = { buffer = buffer, tick = vim.api.nvim_buf_get_changedtick(buffer) }
  local mine = asked
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.textDocument.version = vim.lsp.util.buf_versions[buffer]
  client:request('aiLsp/nextEdit', params, function(err, result)
    if asked ~= mine then
      return
    end
    local is_pressed = pressed
    following, pressed = false, false
    local suggestion = not err and result and result.suggestions[1]
    local is_stale = vim.lsp.util.buf_versions[buffer] ~= params.textDocument.version
    if not suggestion or is_stale or vim.api.nvim_get_current_buf() ~= buffer then
      return
    end
    shown = { client_id = client.id, buffer = buffer, suggestion = suggestion }
    draw(buffer, suggestion)
    if is_pressed then
      M.take()
    end
  end, buffer)
end

-- The server knows more about this text than when it answered: what it is not sure of gives way.
function M.news(params)
  local buffer = vim.api.nvim_get_current_buf()
  local document = params.textDocument
  local is_about_this = document.uri == vim.uri_from_bufnr(buffer)
    and document.version == vim.lsp.util.buf_versions[buffer]
    and asked.buffer == buffer
    and asked.tick == vim.api.nvim_buf_get_changedtick(buffer)
  if is_about_this and (not shown or shown.suggestion.kind == 'jump' or shown.suggestion.confidence < SURE) then
    M.ask()
  end
end

local function ask_soon()
  local buffer = vim.api.nvim_get_current_buf()
  if asked.buffer == buffer and asked.tick == vim.api.nvim_buf_get_changedtick(buffer) then
    return -- this very text has been asked about, right after it was changed by the key
  end
  clear()
  following, pressed = false, false
  if timer then
    timer:stop()
  end
  local before = vim.api.nvim_get_current_line():sub(1, vim.api.nvim_win_get_cursor(0)[2])
  local is_in_word = vim.api.nvim_get_mode().mode:sub(1, 1) == 'i' and before:find('[%w_\128-\255]$')
  timer = vim.defer_fn(M.ask, is_in_word and WORD_MS or DELAY_MS)
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

-- Jumps to the edit that is shown, or applies it where the cursor is near it already; false where none is shown.
-- Pressed again before the following one is there, it waits for that.
function M.take()
  local buffer = vim.api.nvim_get_current_buf()
  if not shown and following and asked.buffer == buffer then
    pressed = true
    return true
  end
  if not shown or shown.buffer ~= buffer then
    return false
  end
  local suggestion = shown.suggestion
  vim.schedule(function()
    if not shown or shown.suggestion ~= suggestion then
      return
    end
    local is_edit, is_here = suggestion.kind == 'edit', suggestion.uri == vim.uri_from_bufnr(buffer)
    if is_near(suggestion, buffer) then
      apply(suggestion)
      tell(suggestion.command)
    else
      jump(suggestion)
      if not is_edit then
        tell(suggestion.command)
      end
      if is_edit and is_here then
        draw(buffer, suggestion) -- it is the same one, now at hand
        return
      end
    end
    following = true
    M.ask()
  end)
  return true
end

-- Takes the edit that is shown off the screen; it does not come again here for a while. Another one may.
function M.dismiss()
  if not shown then
    return false
  end
  tell({ title = 'Dismiss', command = 'ai-lsp.reject', arguments = { shown.suggestion.id } })
  clear()
  vim.schedule(M.ask)
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
  vim.api.nvim_create_autocmd('BufLeave', {
    group = group,
    buffer = buffer,
    callback = function()
      clear()
      asked = {}
    end,
  })
  for key, what in pairs({ next_edit = M.take, dismiss = M.dismiss }) do
    if keys[key] then
      vim.keymap.set('n', keys[key], function()
        return what() and '' or keys[key]
      end, { buffer = buffer, expr = true, desc = 'ai-lsp: ' .. key:gsub('_', ' ') })
    end
  end
end

return M
