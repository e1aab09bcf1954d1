-- Turns ai-lsp on wherever it attaches: ghost text, the next edit, their keys and the commands.
if vim.g.loaded_ai_lsp then
  return
end
vim.g.loaded_ai_lsp = true

if vim.fn.has('nvim-0.11') == 0 then
  if not vim.g.ai_lsp_by_lspconfig then
    local old = 'ai-lsp: this is Neovim %s; it needs 0.11 or newer'
    vim.notify(old:format(tostring(vim.version())), vim.log.levels.WARN)
  end
  return
end

local ours = require('ai_lsp')

-- Your own keys go into `vim.g.ai_lsp_keys` before this file is loaded; `false` for a key leaves it alone.
local keys = vim.tbl_extend('force', {
  accept = '<Tab>',
  accept_word = '<M-w>',
  accept_line = '<M-l>',
  next = '<M-n>',
  previous = '<M-p>',
  next_edit = '<Tab>', -- normal mode: jumps to the next edit, then applies it
  dismiss = '<M-d>', -- insert mode: the ghost text; normal mode: the next edit, and not again here
}, vim.g.ai_lsp_keys or {})

-- A key of insert mode that is itself where there is nothing to take.
local function map(buffer, key, description, press, otherwise)
  if key then
    vim.keymap.set('i', key, function()
      return press() and '' or otherwise and otherwise() or key
    end, { buffer = buffer, expr = true, desc = 'ai-lsp: ' .. description })
  end
end

local function ghost_text(buffer)
  local ghost = require('ai_lsp.ghost_text')
  ghost.attach(buffer)
  map(buffer, keys.accept, 'accept the suggestion', ours.accept, function()
    -- What Neovim itself does on this key.
    return vim.snippet.active({ direction = 1 }) and '<Cmd>lua vim.snippet.jump(1)<CR>' or keys.accept
  end)
  map(buffer, keys.accept_word, 'accept its next word', ghost.accept_word)
  map(buffer, keys.accept_line, 'accept its next line', ghost.accept_line)
  map(buffer, keys.dismiss, 'take it off the screen', ghost.dismiss)
  for name, step in pairs({ next = 1, previous = -1 }) do
    map(buffer, keys[name], 'the ' .. name .. ' suggestion', function()
      ghost.select(step)
      return true
    end)
  end
end

vim.api.nvim_create_autocmd('LspAttach', {
  group = vim.api.nvim_create_augroup('ai_lsp', {}),
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if not client or client.name ~= ours.name then
      return
    end
    if keys.next_edit then
      require('ai_lsp.next_edit').attach(event.buf, keys)
    end
    ghost_text(event.buf)
  end,
})

vim.api.nvim_create_user_command('AiLspMessages', function()
  print(table.concat(vim.g.ai_lsp_messages or { 'ai-lsp has said nothing yet' }, '\n'))
end, { desc = 'ai-lsp: all that it has said, whole' })

vim.api.nvim_create_user_command('AiLspWhy', function()
  local client = ours.client_or_say()
  if client then
    client:exec_cmd({ title = 'Why', command = 'ai-lsp.why' }, { bufnr = 0 })
  end
end, { desc = 'ai-lsp: why a suggestion appeared, or why none did' })

vim.api.nvim_create_user_command('AiLspReview', function(call)
  local client = ours.client_or_say()
  if client then
    require('ai_lsp.review').run(client, call.args, call.bang)
  end
end, { nargs = '?', bang = true, desc = 'ai-lsp: bugs in this file, or in what changed since a revision, as a list' })

vim.api.nvim_create_autocmd('LspDetach', {
  group = 'ai_lsp',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == ours.name and client:is_stopped() then
      require('ai_lsp.status').reset()
    end
  end,
})

if not vim.g.ai_lsp_by_lspconfig then
  if ours.name ~= 'ai_lsp' then
    vim.lsp.config(ours.name, vim.lsp.config.ai_lsp)
  end
  vim.lsp.enable(ours.name)
end

-- Sends `ai-lsp.edit`, which returns at once; the instruction is asked for where there is none yet.
local function edit(client, argument)
  local function send(instruction)
    if instruction and instruction ~= '' then
      argument.instruction = instruction
      client:request('workspace/executeCommand', { command = 'ai-lsp.edit', arguments = { argument } })
    end
  end
  if argument.instruction and argument.instruction ~= '' then
    send(argument.instruction)
  else
    vim.ui.input({ prompt = 'Edit with AI: ' }, send)
  end
end

-- "Edit with AI…" of the code action menu comes without an instruction.
vim.lsp.commands['ai-lsp.edit'] = function(command, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if client then
    edit(client, vim.deepcopy((command.arguments or {})[1] or {}))
  end
end

vim.api.nvim_create_user_command('AiLspEdit', function(call)
  local client = ours.client_or_say()
  if not client then
    return
  end
  local first, last = call.line1 - 1, call.line2
  local range = { start = { line = first, character = 0 }, ['end'] = { line = last, character = 0 } }
  if call.range == 0 then
    range['end'] = range.start -- a cursor, no selection
  end
  edit(client, { uri = vim.uri_from_bufnr(0), range = range, instruction = call.args })
end, { nargs = '*', range = true, desc = 'ai-lsp: edit the selected lines as instructed' })

vim.api.nvim_create_user_command('AiLspShell', function(call)
  local client = ours.client_or_say()
  if not client then
    return
  end
  local argument = { instruction = call.args, uri = vim.uri_from_bufnr(0) }
  argument.position = vim.lsp.util.make_position_params(0, client.offset_encoding).position
  client:request('workspace/executeCommand', { command = 'ai-lsp.shellCommand', arguments = { argument } })
end, { nargs = '+', desc = 'ai-lsp: a shell command for an instruction, shown and never run' })
