# SPDX-License-Identifier: MIT
# Requests that build objects, render them and let go of them; some are large.
srand(5)
cache = {}

def answer(count)
  rows = Array.new(count) { |i| { id: i, name: "row #{i}" * 8, tags: Array.new(5) { rand.to_s } } }
  rows.sort_by { |row| row[:name] }.map { |row| row.inspect }.join("\n")
end

start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
while Process.clock_gettime(Process::CLOCK_MONOTONIC) - start < 15
  (1 + rand(10)).times do
    key = rand(200)
    cache[key] ||= answer(200 + rand(800))
    cache.delete(cache.keys.first) if cache.size > 100
  end
  answer(5_000 + rand(20_000)) if rand < 0.08
  sleep(rand * 0.1)
end
exit!(true) # the end of the program is no part of this
