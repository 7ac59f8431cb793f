-- Sends the secrets of a file in turn, each its own Authorization header.
-- Arguments: the file, how many lines to skip, how many to use.
local prepared, at = {}, 0

function init(args)
  local skip, count = tonumber(args[2]), tonumber(args[3])
  local number = 0
  for secret in io.lines(args[1]) do
    number = number + 1
    if number > skip + count then break end
    if number > skip then
      prepared[#prepared + 1] = wrk.format("GET", nil, { Authorization = "Bearer " .. secret })
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
