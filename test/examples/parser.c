// SPDX-License-Identifier: MIT
// A parser that tries and takes back: nodes of an attempt that fails go with one rewind. It reads
// sums and products, and assignments, which it only knows by the '=' that comes late.
#include <bumpalloc/bumpalloc.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    char kind; // '#' a number, 'n' a name, or the operator
    long value;
    struct node *left, *right;
};

struct parser {
    struct bump_arena *arena;
    const char *at;
};

static struct node *parse_sum(struct parser *parser);

static struct node *new_node(struct parser *parser, char kind, struct node *left,
                             struct node *right)
{
    struct node *node = bump_arena_alloc(parser->arena, sizeof *node, _Alignof(struct node));
    if (node)
        *node = (struct node){kind, 0, left, right};
    return node;
}

static struct node *parse_atom(struct parser *parser)
{
    if (isdigit((unsigned char)*parser->at)) {
        char *end;
        struct node *node = new_node(parser, '#', NULL, NULL);
        node->value = strtol(parser->at, &end, 10);
        parser->at = end;
        return node;
    }
    if (isalpha((unsigned char)*parser->at)) {
        struct node *node = new_node(parser, 'n', NULL, NULL);
        node->value = *parser->at++;
        return node;
    }
    if (*parser->at != '(')
        return NULL;
    parser->at++;
    struct node *inner = parse_sum(parser);
    return inner && *parser->at++ == ')' ? inner : NULL;
}

static struct node *parse_chain(struct parser *parser, const char *operators,
                                struct node *(*operand)(struct parser *))
{
    struct node *left = operand(parser);
    while (left && *parser->at && strchr(operators, *parser->at)) {
        char kind = *parser->at++;
        struct node *right = operand(parser);
        left = right ? new_node(parser, kind, left, right) : NULL;
    }
    return left;
}

static struct node *parse_product(struct parser *parser)
{
    return parse_chain(parser, "*", parse_atom);
}

static struct node *parse_sum(struct parser *parser)
{
    return parse_chain(parser, "+-", parse_product);
}

static struct node *parse_assignment(struct parser *parser)
{
    struct node *left = parse_sum(parser);
    if (!left || left->kind != 'n' || *parser->at != '=')
        return NULL;
    parser->at++;
    struct node *right = parse_sum(parser);
    return right ? new_node(parser, '=', left, right) : NULL;
}

static struct node *parse(struct parser *parser)
{
    struct bump_mark mark = bump_arena_mark(parser->arena);
    const char *start = parser->at;
    struct node *node = parse_assignment(parser);
    if (node)
        return node;
    parser->at = start;
    return bump_arena_rewind(parser->arena, mark) == 0 ? parse_sum(parser) : NULL;
}

static long value_of(const struct node *node)
{
    switch (node->kind) {
    case '+':
        return value_of(node->left) + value_of(node->right);
    case '-':
        return value_of(node->left) - value_of(node->right);
    case '*':
        return value_of(node->left) * value_of(node->right);
    case '=':
        return value_of(node->right);
    default:
        return node->value;
    }
}

static int says(const char *text, char kind, long value, size_t nodes)
{
    struct bump_arena arena = {0};
    struct parser parser = {&arena, text};
    struct node *node = parse(&parser);
    size_t used = bump_arena_used(&arena) / sizeof(struct node);
    int ok = node && !*parser.at && node->kind == kind && value_of(node) == value && used == nodes;
    printf("%s: %zu nodes: %s\n", text, used, ok ? "ok" : "wrong");
    bump_arena_destroy(&arena);
    return ok;
}

int main(void)
{
    int ok = says("x=2*(3+4)", '=', 14, 7);
    ok &= says("2*(3+4)-1", '-', 13, 7); // no node of the attempt at "x=" is left
    ok &= says("7", '#', 7, 1);
    return ok ? 0 : 1;
}
