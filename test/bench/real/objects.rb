# SPDX-License-Identifier: MIT
# JSON, strings, patterns and structures in Ruby. Reads documents.json.
# usage: objects.rb [--quick]
require 'json'
require 'zlib'

quick = ARGV.include?('--quick')
Entry = Struct.new(:name, :words, :scores)

def entries(documents)
  documents.map do |document|
    Entry.new(document['name'], document['text'].split, document['scores'].sort_by(&:last))
  end
end

def counted(list)
  count = Hash.new(0)
  list.each { |entry| entry.words.each { |word| count[word] += 1 } }
  count.sort_by { |word, n| [-n, word] }.first(1000).to_s
end

def rewritten(documents)
  documents.map do |document|
    document['text'].gsub(/(\w+) (\w+)/) { "#{$2.capitalize} #{$1}" }.scan(/(?:[bk][aeiou]){2,}|\w+/)
                    .tally.sort.to_s
  end.join("\n")
end

def tree(count)
  root = {}
  count.times { |i| (i * 7919 % 100_003).to_s.chars.inject(root) { |node, c| node[c] ||= {} } }
  JSON.generate(root)
end

def grown(count)
  lines = Array.new(count) { |i| +"line #{i}" }
  40.times { |turn| lines.each_with_index { |line, i| line << ' more' * ((i + turn) % 3) } }
  lines.join("\n")
end

documents = JSON.parse(File.read('documents.json'))
list = entries(documents)
parts = [counted(list), rewritten(documents), tree(quick ? 6_000 : 30_000),
         grown(quick ? 3_000 : 15_000), JSON.pretty_generate(list.group_by(&:name))]
puts format('checksum %016x', parts.inject(1) { |sum, part| Zlib.crc32(part, sum) })
