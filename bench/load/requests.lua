-- Sends a request for each secret of a file, in turn.
-- Arguments: the shape of the requests, the file, how many lines to skip, how many to use, the token of the internal endpoints.
local prepared, at = {}, 0
local BATCH = 100
local entry = '{"secret":"%s","client_ip":"127.0.0.1","scopes":["products.read"]}'

local shapes = {
  current = function(secrets)
    return wrk.format("GET", nil, { Authorization = "Bearer " .. secrets[1] })
  end,
  verify = function(secrets, token)
    return wrk.format("POST", "/verify", { Authorization = "Bearer " .. token, ["Content-Type"] = "application/json" },
      entry:format(secrets[1]))
  end,
  batch = function(secrets, token)
    local entries = {}
    for number, secret in ipairs(secrets) do entries[number] = entry:format(secret) end
    return wrk.format("POST", "/verify/batch",
      { Authorization = "Bearer " .. token, ["Content-Type"] = "application/json" },
      '{"requests":[' .. table.concat(entries, ",") .. "]}")
  end,
  ["forward-auth"] = function(secrets, token)
    return wrk.format("GET", "/forward-auth?scopes=products.read",
      { Authorization = "Bearer " .. secrets[1], ["X-Latchkey-Token"] = token, ["X-Real-IP"] = "127.0.0.1" })
  end,
}

function init(args)
  local shape, skip, count, token = args[1], tonumber(args[3]), tonumber(args[4]), args[5]
  local each = shape == "batch" and BATCH or 1
  local number, gathered = 0, {}
  for secret in io.lines(args[2]) do
    number = number + 1
    if number > skip + count then break end
    if number > skip then
      gathered[#gathered + 1] = secret
      if #gathered == each then
        prepared[#prepared + 1] = shapes[shape](gathered, token)
        gathered = {}
      end
    end
  end
end

function request()
  at = at % #prepared + 1
  return prepared[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"durationUs":%d,"failed":%d}\n', summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
