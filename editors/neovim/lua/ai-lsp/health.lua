-- `:checkhealth ai-lsp`: this Neovim, the server, what it says of itself, and what stands in its way.
local health = vim.health

local OTHERS = { 'copilot', 'codeium', 'windsurf', 'supermaven', 'tabnine', 'augment', 'llama.vim', 'minuet' }

local function neovim()
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.11') == 0 then
    health.error(('Neovim %s is too old'):format(version), 'Install 0.11 or newer')
  else
    health.ok(('Neovim %s shows ghost text'):format(version))
  end
end

local function executable(name)
  local cmd = vim.lsp.config[name] and vim.lsp.config[name].cmd
  local program = type(cmd) == 'table' and cmd[1] or nil
  if not program then
    health.warn('the server is started in a way of your own')
    return
  end
  local path = vim.fn.exepath(program)
  if path == '' then
    health.error(
      ('`%s` cannot be run'):format(program),
      'In the checkout: `make venv && .venv/bin/ai-lsp setup neovim --write`'
    )
    return
  end
  local done = vim.system({ path, '--version' }, { text = true }):wait(5000)
  if done.code == 0 then
    health.ok(('%s at %s'):format(vim.trim(done.stdout), path))
  else
    health.error(path .. ' does not start', vim.split(vim.trim(done.stderr or ''), '\n'))
  end
end

local function routes(client)
  local answer = client:request_sync('aiLsp/status', {}, 3000)
  local status = answer and answer.result
  if not status then
    health.error('the server does not answer', '`:lua vim.cmd.edit(vim.lsp.log.get_filename())` shows its last words')
    return
  end
  local files = ('files read: %d'):format(status['local'].files)
  if status.ready then
    health.ok('the workspace is learnt, ' .. files)
  else
    health.info('the workspace is being learnt, ' .. files)
  end
  local told = {}
  for feature, route in vim.spairs(status.routes) do
    local what = ('%s: %s'):format(feature, route.model == 'local' and 'the embedded engine' or route.model)
    if route.problem and route.problem ~= '' then
      told[route.problem] = true
      health.warn(what, { route.problem, '`ai-lsp doctor` tries each model' })
    else
      health.ok(('%s, %s'):format(what, route.state))
    end
  end
  if status.inactive and status.inactive ~= vim.NIL and not told[status.inactive] then
    health.warn(status.inactive)
  end
end

-- Whoever maps Tab in insert mode after us wins, in all buffers or in one.
local function tab_key(client)
  local wanted = (vim.g.ai_lsp_keys or {}).accept
  if wanted == false then
    return
  end
  local key = wanted or '<Tab>'
  for buffer in pairs(client.attached_buffers) do
    local mapping = vim.api.nvim_buf_call(buffer, function()
      return vim.fn.maparg(key, 'i', false, true)
    end)
    if not vim.startswith(mapping.desc or '', 'ai-lsp') then
      health.warn(
        ('%s in insert mode belongs to “%s”'):format(key, mapping.desc or mapping.rhs or 'a plugin'),
        "Let that plugin leave it alone, or take another: `vim.g.ai_lsp_keys = { accept = '<C-l>' }`"
      )
      return
    end
  end
  health.ok(key .. ' accepts ghost text')
end

local function others(ours)
  local names = {}
  for _, client in ipairs(vim.lsp.get_clients()) do
    for _, other in ipairs(OTHERS) do
      if client.name ~= ours and client.name:lower():find(other, 1, true) then
        names[#names + 1] = client.name
      end
    end
  end
  if vim.g.loaded_copilot or package.loaded['copilot'] then
    names[#names + 1] = 'copilot.vim or copilot.lua'
  end
  if #names > 0 then
    health.warn(
      'another assistant runs beside ai-lsp: ' .. table.concat(names, ', '),
      'Two ghost texts stand in each other’s way: switch one off'
    )
  end
end

return {
  check = function()
    health.start('ai-lsp')
    neovim()
    if vim.fn.has('nvim-0.11') == 0 then
      return
    end
    local ours = require('ai_lsp')
    executable(ours.name)
    local client = ours.client()
    if client then
      routes(client)
      tab_key(client)
    else
      health.warn('no buffer is served', 'Open a file that has a type (`:set filetype?`)')
    end
    others(ours.name)
  end,
}
