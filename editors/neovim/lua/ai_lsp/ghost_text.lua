-- Ghost text in Neovim: asked for at every key, gone at the first key that contradicts it, taken whole or in pieces.
--
-- Neovim 0.12 has inline completion of its own. It asks 200 ms after the last key, and until then leaves on the screen
-- what the typing has contradicted (neovim#36529 besides), so it cannot keep up with a server that answers in a few
-- milliseconds; 0.11 has none. The server waits, joins and forgets by itself: nothing here needs a timer but moves.
local ours = require('ai_lsp')

local M = {}

local namespace = vim.api.nvim_create_namespace('ai_lsp_ghost_text')
local METHOD = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2 -- LSP 3.18, InlineCompletionTriggerKind
local MOVED_MS = 100 -- after a mere move of the cursor

-- { client_id, buffer, items, index, row, col, tail }: what the server offers for the text from (row, col) on, counted
-- from 0 in bytes; `tail` is what stood right of the cursor.
local shown = nil
local last_request = nil -- { client, id }
local seen = nil -- { buffer, changedtick, row, col } of the last key
local timer = nil

vim.api.nvim_set_hl(0, 'ComplHint', { link = 'NonText', default = true }) -- 0.11 does not know these
vim.api.nvim_set_hl(0, 'ComplHintMore', { link = 'MoreMsg', default = true })

local function hide()
  if shown and vim.api.nvim_buf_is_valid(shown.buffer) then
    vim.api.nvim_buf_clear_namespace(shown.buffer, namespace, 0, -1)
  end
  shown = nil
end

local function cancel()
  if last_request then
    last_request.client:cancel_request(last_request.id)
    last_request = nil
  end
  if timer then
    timer:stop()
    timer = nil
  end
end

local function cursor()
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  return row - 1, col
end

-- What the item that is shown still adds at the cursor, and how many bytes right of it it covers; nil where what was
-- typed since, or what stands right of the cursor, does not agree with it.
local function rest()
  if not shown or shown.buffer ~= vim.api.nvim_get_current_buf() then
    return nil
  end
  local item, row, col = shown.items[shown.index], cursor()
  if row < item.row or (row == item.row and col < item.col) then
    return nil
  end
  if vim.api.nvim_get_current_line():sub(col + 1) ~= shown.tail then
    return nil
  end
  local typed = table.concat(vim.api.nvim_buf_get_text(0, item.row, item.col, row, col, {}), '\n')
  if #typed >= #item.insertText or not vim.startswith(item.insertText, typed) then
    return nil
  end
  return item.insertText:sub(#typed + 1), item.covered, typed
end

-- Draws what is left of the shown item, or takes it away; true where something stands on the screen.
local function draw(is_counted)
  local text, covered = rest()
  if not text then
    hide()
    return false
  end
  vim.api.nvim_buf_clear_namespace(shown.buffer, namespace, 0, -1)
  local row, col = cursor()
  local place = 'inline'
  if covered > 0 then
    local under = shown.tail:sub(1, covered)
    if not text:find('\n') and vim.endswith(text, under) then
      text = text:sub(1, #text - covered) -- what stands there already need not be drawn
    elseif covered == #shown.tail then
      place = 'overlay'
    end
  end
  local lines = {}
  for line in vim.gsplit(text, '\n', { plain = true }) do
    lines[#lines + 1] = { { (line:gsub('\t', (' '):rep(vim.bo.tabstop))), 'ComplHint' } }
  end
  if is_counted and #shown.items > 1 then
    table.insert(lines[#lines], { (' (%d/%d)'):format(shown.index, #shown.items), 'ComplHintMore' })
  end
  vim.api.nvim_buf_set_extmark(shown.buffer, namespace, row, col, {
    virt_text = lines[1],
    virt_text_pos = place,
    virt_lines = #lines > 1 and vim.list_slice(lines, 2) or nil,
    hl_mode = 'combine',
  })
  return true
end

-- An item of the protocol with its range in bytes of the line it was made for; nil where it is not of this line.
local function item_of(item, line, row, col)
  local range, first, last = item.range, col, col
  if type(item.insertText) ~= 'string' or range and (range.start.line ~= row or range['end'].line ~= row) then
    return nil
  end
  if range then
    first = vim.str_byteindex(line, 'utf-16', range.start.character, false)
    last = vim.str_byteindex(line, 'utf-16', range['end'].character, false)
  end
  local text = item.insertText:gsub('\r\n?', '\n')
  return { insertText = text, row = row, col = first, covered = math.max(0, last - col), command = item.command }
end

local function received(client, buffer, row, col, line, result)
  local items = {}
  for _, item in ipairs(result.items or result) do
    items[#items + 1] = item_of(item, line, row, col)
  end
  hide()
  if #items > 0 and vim.api.nvim_get_current_buf() == buffer then
    local tail = line:sub(col + 1)
    shown = { client_id = client.id, buffer = buffer, items = items, index = 1, tail = tail }
    draw(false)
  end
end

local function request(client, buffer, kind)
  local row, col = cursor()
  local line = vim.api.nvim_get_current_line()
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind }
  local id
  local ok, sent = client:request(METHOD, params, function(err, result)
    local is_last = last_request and last_request.id == id
    -- A newer key's request answers an older one with null; what stands on the screen is that key's affair.
    if not is_last or err or not result or result == vim.NIL then
      return
    end
    last_request = nil
    if vim.startswith(vim.api.nvim_get_mode().mode, 'i') then
      received(client, buffer, row, col, line, result)
    end
  end, buffer)
  id = ok and sent or nil
  last_request = id and { client = client, id = id } or nil
end

-- A key was typed or the cursor moved: what is shown follows it or goes, and the server is asked.
local function follow(buffer)
  local row, col = cursor()
  local now = { buffer, vim.b[buffer].changedtick, row, col }
  local client = ours.client(buffer)
  if vim.deep_equal(now, seen) or not client or vim.fn.reg_executing() ~= '' then
    return -- two events of one key, or a macro
  end
  local is_move = seen and seen[1] == now[1] and seen[2] == now[2]
  seen = now
  draw(false)
  if timer then
    timer:stop()
    timer = nil
  end
  if is_move then
    timer = vim.defer_fn(function()
      if vim.api.nvim_get_current_buf() == buffer and vim.startswith(vim.api.nvim_get_mode().mode, 'i') then
        request(client, buffer, AUTOMATIC)
      end
    end, MOVED_MS)
  else
    request(client, buffer, AUTOMATIC)
  end
end

local function left()
  cancel()
  hide()
  seen = nil
end

-- Puts text at the cursor in place of the `covered` bytes behind it; the cursor goes to its end.
local function insert(text, covered)
  local row, col = cursor()
  local lines = vim.split(text, '\n', { plain = true })
  vim.bo.undolevels = vim.bo.undolevels -- what was typed before is an undo step of its own
  vim.api.nvim_buf_set_text(0, row, col, row, col + covered, lines)
  vim.api.nvim_win_set_cursor(0, { row + #lines, (#lines == 1 and col or 0) + #lines[#lines] })
end

local function take_all()
  local text, covered = rest()
  if not text then
    return
  end
  local client, item = vim.lsp.get_client_by_id(shown.client_id), shown.items[shown.index]
  hide()
  insert(text, covered)
  if client and item.command then
    client:exec_cmd(item.command, { bufnr = vim.api.nvim_get_current_buf() })
  end
end

-- Types as much of the suggestion as `cut` takes of the rest, and tells the server how far the user went.
local function take_part(cut)
  local text, _, typed = rest()
  local part = text and cut(text)
  if not part or part == text then
    take_all()
    return
  end
  local client, item = vim.lsp.get_client_by_id(shown.client_id), shown.items[shown.index]
  insert(part, 0)
  if client then
    client:notify('textDocument/didPartiallyAcceptCompletion', {
      item = { insertText = item.insertText, command = item.command },
      acceptedLength = vim.str_utfindex(typed .. part, 'utf-16'),
    })
  end
end

local function word(text)
  return text:match('^%s*[%w_\128-\255]+') or text:match('^%s*%S')
end

local function line(text)
  return text:match('^\n?[^\n]*')
end

-- Each gives false where no ghost text stands, so that the key can be what it is otherwise. What changes the text is
-- done after the key: a mapping with `expr` may not.
local function when_shown(act)
  return function()
    if not rest() then
      return false
    end
    vim.schedule(act)
    return true
  end
end

M.accept = when_shown(take_all)
M.accept_word = when_shown(function()
  take_part(word)
end)
M.accept_line = when_shown(function()
  take_part(line)
end)

-- Shows another suggestion where there are several; asks for more where there is one or none.
function M.select(step)
  if rest() and #shown.items > 1 then
    shown.index = (shown.index - 1 + step) % #shown.items + 1
    draw(true)
    return
  end
  local buffer = vim.api.nvim_get_current_buf()
  local client = ours.client(buffer)
  if client then
    request(client, buffer, INVOKED)
  end
end

-- Takes what is shown off the screen until the next key.
function M.dismiss()
  local was = shown ~= nil
  hide()
  return was
end

-- Keeps the ghost text of a buffer up to date from now on.
function M.attach(buffer)
  if vim.lsp.inline_completion then -- switched on for another server, it would draw ours a second time
    vim.lsp.inline_completion.enable(false, { client_id = ours.client(buffer).id })
  end
  local group = vim.api.nvim_create_augroup('ai_lsp_ghost_text_' .. buffer, {})
  vim.api.nvim_create_autocmd({ 'InsertEnter', 'TextChangedI', 'TextChangedP', 'CursorMovedI' }, {
    group = group,
    buffer = buffer,
    callback = function()
      follow(buffer)
    end,
  })
  vim.api.nvim_create_autocmd({ 'InsertLeave', 'BufLeave' }, { group = group, buffer = buffer, callback = left })
  vim.api.nvim_create_autocmd('LspDetach', {
    group = group,
    buffer = buffer,
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if client and client.name == ours.name then
        left()
        vim.api.nvim_del_augroup_by_id(group)
      end
    end,
  })
end

return M
