-- The editor's side of bench.typing in a real Neovim: does what comes over a socket, tells what ghost text it draws.
local port, namespaces = tonumber(vim.env.AI_LSP_BENCH_PORT), vim.split(vim.env.AI_LSP_BENCH_NAMESPACES, ',')
local bench = assert(vim.uv.new_tcp())

local function say(message)
  bench:write(vim.json.encode(message) .. '\n')
end

--- Ghost text from the cursor on: what is drawn on its line behind it, and whole lines below.
local function ghost()
  local known = vim.api.nvim_get_namespaces()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local first, below = '', {}
  for _, name in ipairs(namespaces) do
    local marks = known[name] and vim.api.nvim_buf_get_extmarks(0, known[name], { row - 1, 0 }, { row - 1, -1 }, { details = true })
    for _, mark in ipairs(marks or {}) do
      local drawn = mark[4]
      if drawn.virt_text and mark[3] >= column then
        first = drawn.virt_text[1] and drawn.virt_text[1][1] or ''
      elseif drawn.virt_text and #drawn.virt_text > 0 then -- drawn from before the cursor: what is typed is covered
        first = drawn.virt_text[1][1]:sub(column - mark[3] + 1)
      end
      for _, line in ipairs(drawn.virt_lines or {}) do
        below[#below + 1] = line[1] and line[1][1] or ''
      end
    end
  end
  return table.concat({ first, unpack(below) }, '\n')
end

local last
local function look()
  local now = vim.api.nvim_get_mode().mode:sub(1, 1) == 'i' and ghost() or ''
  if now ~= last then
    last = now
    say({ ghost = now })
  end
end

local heard = ''
local function take(message)
  if message.keys then
    vim.api.nvim_input(message.keys)
  elseif message.lua then
    assert(loadstring(message.lua))()
    say({ done = message.id })
  end
end

bench:connect('127.0.0.1', port, function()
  bench:read_start(function(_, data)
    heard = heard .. (data or '')
    for line in heard:gmatch('([^\n]*)\n') do
      vim.schedule(function()
        take(vim.json.decode(line))
      end)
    end
    heard = heard:match('[^\n]*$')
  end)
  say({ ready = true })
  assert(vim.uv.new_timer()):start(4, 4, vim.schedule_wrap(look))
end)
