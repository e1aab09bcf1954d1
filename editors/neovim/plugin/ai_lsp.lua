-- Turns ai-lsp on wherever it attaches: ghost text and its keys in Neovim 0.12, the completion menu in 0.11.
if vim.g.loaded_ai_lsp then
  return
end
vim.g.loaded_ai_lsp = true

-- Your own keys go into `vim.g.ai_lsp_keys` before this file is loaded; `false` for a key leaves it alone.
local keys = vim.tbl_extend('force', {
  accept = '<Tab>',
  accept_word = '<M-w>',
  next = '<M-n>',
  previous = '<M-p>',
  menu = '<C-Space>', -- Neovim 0.11 only
}, vim.g.ai_lsp_keys or {})

-- Neovim 0.12.4 puts a suggestion where the cursor stood when it was asked for, so that what was typed into it since
-- would stand there twice (neovim#36529, mended later). What was typed is taken away first; where it does not agree
-- with the suggestion, nothing is inserted.
local function rebase(item)
  if type(item.insert_text) ~= 'string' or not item.range then
    return item
  end
  local row, start_col, _, end_col = item.range:to_extmark()
  local cursor_row, cursor_col = unpack(vim.api.nvim_win_get_cursor(0))
  if cursor_row ~= row + 1 or cursor_col < end_col then
    return nil
  end
  local before = vim.api.nvim_get_current_line():sub(start_col + 1, cursor_col)
  if not vim.startswith(item.insert_text, before) then
    return nil
  end
  vim.api.nvim_buf_set_text(0, row, end_col, row, cursor_col, { '' })
  return item, before
end

-- The suggestion up to the end of its next word; the server is told how far the user went.
local function only_next_word(item)
  local rebased, before = rebase(item)
  if not rebased or not before then
    return rebased
  end
  local word = item.insert_text:sub(#before + 1):match('^%s*[%w_\128-\255]+') or item.insert_text:sub(#before + 1):match('^%s*%S')
  local whole, command = item.insert_text, item.command
  item.insert_text = before .. (word or item.insert_text:sub(#before + 1))
  if command and item.insert_text ~= whole then
    item.command = nil
    vim.lsp.get_client_by_id(item.client_id):notify('textDocument/didPartiallyAcceptCompletion', {
      item = { insertText = whole, command = command },
      acceptedLength = vim.str_utfindex(item.insert_text, 'utf-16'),
    })
  end
  return item
end

local function map(buffer, key, description, press, otherwise)
  if not key then
    return
  end
  vim.keymap.set('i', key, function()
    return press() and '' or otherwise()
  end, { buffer = buffer, expr = true, desc = 'ai-lsp: ' .. description })
end

local function ghost_text(client, buffer)
  local inline = vim.lsp.inline_completion
  inline.enable(true, { client_id = client.id })
  map(buffer, keys.accept, 'accept the suggestion', function()
    return inline.get({ on_accept = rebase })
  end, function()
    -- What Neovim itself does on this key.
    return vim.snippet.active({ direction = 1 }) and '<Cmd>lua vim.snippet.jump(1)<CR>' or keys.accept
  end)
  map(buffer, keys.accept_word, 'accept its next word', function()
    return inline.get({ on_accept = only_next_word })
  end, function()
    return keys.accept_word
  end)
  for name, step in pairs({ next = 1, previous = -1 }) do
    if keys[name] then
      vim.keymap.set('i', keys[name], function()
        inline.select({ count = step })
      end, { buffer = buffer, desc = 'ai-lsp: the ' .. name .. ' suggestion' })
    end
  end
end

local function completion_menu(client, buffer)
  -- Without these a lone suggestion would be inserted unseen.
  vim.bo[buffer].completeopt = 'menuone,noselect,popup'
  vim.lsp.completion.enable(true, client.id, buffer, { autotrigger = true })
  if keys.menu then
    vim.keymap.set('i', keys.menu, vim.lsp.completion.get, { buffer = buffer, desc = 'ai-lsp: completion menu' })
  end
end

vim.api.nvim_create_autocmd('LspAttach', {
  group = vim.api.nvim_create_augroup('ai_lsp', {}),
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if not client or client.name ~= 'ai_lsp' then
      return
    end
    if vim.lsp.inline_completion and client:supports_method('textDocument/inlineCompletion') then
      ghost_text(client, event.buf)
    elseif client:supports_method('textDocument/completion') then
      completion_menu(client, event.buf)
    end
  end,
})

vim.api.nvim_create_user_command('AiLspMessages', function()
  print(table.concat(vim.g.ai_lsp_messages or { 'ai-lsp has said nothing yet' }, '\n'))
end, { desc = 'ai-lsp: all that it has said, whole' })

vim.api.nvim_create_user_command('AiLspWhy', function()
  local client = vim.lsp.get_clients({ name = 'ai_lsp', bufnr = 0 })[1]
  if client then
    client:exec_cmd({ title = 'Why', command = 'ai-lsp.why' }, { bufnr = 0 })
  else
    vim.notify('ai-lsp is not attached to this buffer', vim.log.levels.WARN)
  end
end, { desc = 'ai-lsp: why a suggestion appeared, or why none did' })

vim.lsp.enable('ai_lsp')
