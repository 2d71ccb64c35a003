// SPDX-License-Identifier: MIT
// Templates for the compiler to chew on, and a program that uses the C++ heap in every way.
#include <algorithm>
#include <any>
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <new>
#include <numeric>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace
{
using Value = std::variant<int, double, std::string, std::vector<int>>;

std::uint64_t hash(const std::string &text)
{
    return std::accumulate(text.begin(), text.end(), std::uint64_t{1469598103934665603U},
                           [](std::uint64_t h, char c) {
                               return (h ^ static_cast<unsigned char>(c)) * 1099511628211U;
                           });
}

struct Printer {
    std::ostream &out;
    void operator()(int n) const
    {
        out << n << ' ';
    }
    void operator()(double n) const
    {
        out << n * 2 << ' ';
    }
    void operator()(const std::string &s) const
    {
        out << s.size() << s.substr(0, 4) << ' ';
    }
    void operator()(const std::vector<int> &v) const
    {
        out << std::accumulate(v.begin(), v.end(), 0) << ' ';
    }
};

Value make_value(int i)
{
    switch (i % 4) {
    case 0:
        return i;
    case 1:
        return i / 3.0;
    case 2:
        return std::string(static_cast<std::size_t>(i % 90), 'x');
    default:
        return std::vector<int>(static_cast<std::size_t>(i % 30), i);
    }
}

void containers(std::ostream &out)
{
    std::map<std::string, std::vector<Value>> tree;
    std::unordered_map<int, std::unique_ptr<std::string>> table;
    std::multiset<std::tuple<int, std::string>> set;
    std::deque<std::list<int>> queue;

    for (int i = 0; i < 60000; i++) {
        tree["key " + std::to_string(i * 7919 % 1009)].push_back(make_value(i));
        table[i % 5000] = std::make_unique<std::string>(static_cast<std::size_t>(i % 200), 'y');
        set.emplace(i % 100, std::to_string(i));
        queue.emplace_back(static_cast<std::size_t>(i % 5), i);
        if (queue.size() > 100)
            queue.pop_front();
    }
    for (const auto &[key, values] : tree)
        std::visit(Printer{out}, values[values.size() / 2]);
    queue.front().splice(queue.front().end(), queue.back());
    out << table.size() << ' ' << std::get<1>(*set.rbegin()) << ' ' << queue.front().size() << '\n';
}

void strings(std::ostream &out)
{
    std::string text;
    for (int i = 0; i < 4000; i++)
        text += "word" + std::to_string(i) + (i % 3 ? " " : ", ");
    const std::regex pattern("w(o)rd([0-9]+)5(,?)");
    std::size_t matches = 0;
    for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it)
        matches += (*it)[2].str().size();
    std::string changed = std::regex_replace(text, pattern, "<$2>");
    std::stringstream stream(changed);
    std::unordered_set<std::string> words;
    for (std::string word; stream >> word;)
        words.insert(word);
    out << matches << ' ' << hash(changed) << ' ' << words.size() << '\n';
}

struct alignas(128) Wide {
    std::array<char, 300> bytes{};
};

void memory(std::ostream &out)
{
    std::size_t misplaced = 0;
    std::vector<std::shared_ptr<Wide>> shared;
    std::vector<std::unique_ptr<Wide[]>> arrays;
    for (int i = 0; i < 3000; i++) {
        shared.push_back(std::make_shared<Wide>());
        arrays.push_back(std::make_unique<Wide[]>(static_cast<std::size_t>(i % 7 + 1)));
        misplaced += reinterpret_cast<std::uintptr_t>(shared.back().get()) % 128 != 0;
        misplaced += reinterpret_cast<std::uintptr_t>(arrays.back().get()) % 128 != 0;
    }
    std::pmr::unsynchronized_pool_resource pool;
    std::pmr::vector<std::pmr::string> texts(&pool);
    for (int i = 0; i < 20000; i++)
        texts.emplace_back(static_cast<std::size_t>(i % 100), 'p');
    std::vector<std::string> sorted(texts.begin(), texts.end());
    std::stable_sort(sorted.begin(), sorted.end());
    std::any any = sorted;
    out << misplaced << ' ' << std::any_cast<std::vector<std::string>>(any).back().size() << '\n';
}

void failures(std::ostream &out)
{
    // Volatile, or the compiler may leave out an allocation that nothing uses.
    volatile std::size_t huge = ~std::size_t{0} / 4;
    int handled = 0;
    for (int i = 0; i < 1000; i++) {
        try {
            std::string reason(static_cast<std::size_t>(i), 'r');
            throw std::runtime_error(reason);
        } catch (const std::exception &e) {
            handled += std::string(e.what()).size() == static_cast<std::size_t>(i);
        }
    }
    try {
        char *volatile kept = new char[huge];
        delete[] kept;
    } catch (const std::bad_alloc &) {
        out << "bad_alloc ";
    }
    char *volatile none = new (std::nothrow) char[huge];
    out << (none == nullptr) << ' ' << handled << '\n';
}

thread_local std::map<int, std::string> per_thread;

std::uint64_t in_thread(int seed)
{
    for (int i = 0; i < 3000; i++)
        per_thread[i * seed % 1000] += std::to_string(i * seed);
    std::string all;
    for (const auto &[key, text] : per_thread)
        all += text;
    per_thread.clear();
    return hash(all);
}

void threads(std::ostream &out)
{
    std::vector<std::future<std::uint64_t>> futures;
    for (int i = 1; i <= 16; i++)
        futures.push_back(std::async(std::launch::async, in_thread, i));
    for (auto &future : futures)
        out << future.get() % 1000 << ' ';
    std::vector<std::string *> handed;
    std::thread maker([&handed] {
        for (std::size_t i = 0; i < 20000; i++)
            handed.push_back(new std::string(i % 300, 'h'));
    });
    maker.join();
    std::size_t total = 0;
    for (const std::string *text : handed) {
        total += text->size();
        delete text;
    }
    out << total << '\n';
}
} // namespace

int main()
{
    std::function<void(std::ostream &)> parts[] = {containers, strings, memory, failures, threads};
    for (auto &part : parts) {
        std::ostringstream out;
        part(out);
        std::cout << hash(out.str()) << ' ' << out.str().substr(0, 60) << '\n';
    }
    return 9;
}
