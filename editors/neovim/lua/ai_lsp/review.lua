-- Findings of a review as a quickfix list.
local M = {}

local TYPES = { 'E', 'W', 'I', 'N' }

local function items_of(uri, report)
  local found = {}
  for _, diagnostic in ipairs(report and report.items or {}) do
    if diagnostic.code ~= 'next-edit' then
      local item = vim.lsp.util.locations_to_items({ { uri = uri, range = diagnostic.range } }, 'utf-16')[1]
      item.text = diagnostic.message:gsub('%s*\n%s*', ' ')
      item.type = TYPES[diagnostic.severity] or 'I'
      item.user_data = nil
      found[#found + 1] = item
    end
  end
  return found
end

local function show(found, files)
  if #found == 0 then
    local what = files == 1 and 'this file' or files .. ' files'
    vim.notify(('ai-lsp: nothing found in %s'):format(what))
    return
  end
  vim.fn.setqflist({}, ' ', { title = 'ai-lsp review', items = found })
  vim.cmd('botright copen')
end

-- Reviews this file, or what has changed since a revision of git's, and lists what was found. With `asks_model` the
-- model of route `review` is asked as well; its findings come as diagnostics when it is done.
function M.run(client, revision, asks_model)
  local wish = revision ~= '' and { diff = revision } or { uri = vim.uri_from_bufnr(0) }
  local function execute(argument, handler)
    local params = { command = 'ai-lsp.review', arguments = { argument } }
    client:request('workspace/executeCommand', params, handler)
  end
  if asks_model then
    execute(wish)
  end
  execute(vim.tbl_extend('force', wish, { wait = true }), function(err, done)
    if err or done.problem ~= '' then
      vim.notify('ai-lsp: ' .. (err and err.message or done.problem), vim.log.levels.WARN)
      return
    end
    local found, left = {}, #done.files
    if left == 0 then
      show(found, 0)
    end
    for index, file in ipairs(done.files) do
      client:request('textDocument/diagnostic', { textDocument = { uri = file.uri } }, function(_, report)
        found[index] = items_of(file.uri, report)
        left = left - 1
        if left == 0 then
          show(vim.iter(found):flatten():totable(), #done.files)
        end
      end)
    end
  end)
end

return M
