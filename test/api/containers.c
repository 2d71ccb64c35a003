// SPDX-License-Identifier: MIT
// bump_alloc2's tests: a struct of 16 bytes in an array, a tree, boxes and a list, 100 and 65535 of
// them, over every allocator that there is.
#include "api.h"
#include "prng.h"

struct item {
    uint64_t a, b;
};

static struct item item(size_t i)
{
    return (struct item){i, i * i};
}

static bool is_item(const struct item *it, size_t i)
{
    return it->a == i && it->b == i * i;
}

static void array(const struct bump_allocator *from, size_t n)
{
    struct item *items = NULL;
    size_t room = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == room) {
            size_t more = room ? 2 * room : 4;
            struct item *grown = bump_allocator_resize(from, items, room * sizeof *items,
                                                       more * sizeof *items, _Alignof(struct item));
            REQUIRE(grown != NULL);
            items = grown;
            room = more;
        }
        items[i] = item(i);
    }
    for (size_t i = 0; i < n; i++)
        CHECK(is_item(&items[i], i));
    bump_allocator_free(from, items, room * sizeof *items, _Alignof(struct item));
}

struct node {
    struct node *left, *right;
    struct item item;
};

static struct node *new_node(const struct bump_allocator *from, size_t i)
{
    struct node *node = bump_allocator_alloc(from, sizeof *node, _Alignof(struct node));
    REQUIRE(node != NULL);
    *node = (struct node){NULL, NULL, item(i)};
    return node;
}

// A tree keyed by a mix of the number, so that it is balanced by chance.
static uint64_t key(size_t i)
{
    struct prng rng = {i};
    return prng_next(&rng);
}

static struct node **place_of(struct node **root, size_t i)
{
    while (*root && (*root)->item.a != i)
        root = key(i) < key((*root)->item.a) ? &(*root)->left : &(*root)->right;
    return root;
}

static void free_tree(const struct bump_allocator *from, struct node *node)
{
    if (!node)
        return;
    free_tree(from, node->left);
    free_tree(from, node->right);
    bump_allocator_free(from, node, sizeof *node, _Alignof(struct node));
}

static void tree(const struct bump_allocator *from, size_t n)
{
    struct node *root = NULL;
    for (size_t i = 0; i < n; i++)
        *place_of(&root, i) = new_node(from, i);
    for (size_t i = 0; i < n; i++) {
        struct node *node = *place_of(&root, i);
        CHECK(node && is_item(&node->item, i));
    }
    free_tree(from, root);
}

static void boxes(const struct bump_allocator *from, size_t n)
{
    static struct item *box[65535];
    for (size_t i = 0; i < n; i++) {
        box[i] = bump_allocator_alloc(from, sizeof *box[i], 64);
        REQUIRE(box[i] != NULL);
        CHECK_ALIGNED(box[i], 64);
        *box[i] = item(i);
    }
    for (size_t i = n; i-- > 0;) {
        CHECK(is_item(box[i], i));
        bump_allocator_free(from, box[i], sizeof *box[i], 64);
    }
}

static void linked_list(const struct bump_allocator *from, size_t n)
{
    struct node *head = NULL;
    for (size_t i = 0; i < n; i++) {
        struct node *node = new_node(from, i);
        node->right = head;
        head = node;
    }
    for (size_t i = n; i-- > 0;) {
        struct node *next = head->right;
        CHECK(is_item(&head->item, i));
        bump_allocator_free(from, head, sizeof *head, _Alignof(struct node));
        head = next;
    }
    CHECK_NULL(head);
}

static void all(const struct bump_allocator *from, struct bump_arena *arena)
{
    void (*const containers[])(const struct bump_allocator *, size_t) = {array, tree, boxes,
                                                                         linked_list};
    for (size_t i = 0; i < 4; i++) {
        containers[i](from, 100);
        containers[i](from, 65535);
        if (arena)
            bump_arena_reset(arena);
    }
}

// What bump_alloc2 had to leave out at 4 MiB passes: frees in the right order give back.
static void fits_into_4_mib(void)
{
    struct bump_arena arena = {0};
    REQUIRE(bump_arena_create(&arena, 4 * MIB, 0) == 0);
    struct bump_allocator from = bump_arena_allocator(&arena);
    tree(&from, 65535);
    bump_arena_reset(&arena);
    linked_list(&from, 65535);
    CHECK(bump_arena_used(&arena) == 0);
    for (int i = 0; i < 1 << 20; i++) { // the memory of one object serves a million
        void *object = bump_allocator_alloc(&from, 10000, 16);
        REQUIRE(object != NULL);
        bump_allocator_free(&from, object, 10000, 16);
    }
    bump_arena_destroy(&arena);
}

static void serves_one_array(void)
{
    struct bump_region region = {0};
    REQUIRE(bump_region_create(&region, 64 * MIB, BUMP_PROT_READ_WRITE, 0) == 0);
    struct bump_allocator from = bump_region_allocator(&region);
    array(&from, 100);
    CHECK_EQ(bump_region_size(&region), 0);
    array(&from, 65535);
    char *object = bump_allocator_alloc(&from, 0, 1);
    CHECK_PTR(object, bump_region_base(&region));
    CHECK_NULL(bump_allocator_alloc(&from, 1, 1));
    CHECK_NULL(bump_allocator_resize(&from, object + 1, 1, 10, 1));
    CHECK_PTR(bump_allocator_resize(&from, object, 1, 10 * MIB, 1), object);
    CHECK_NULL(bump_allocator_resize(&from, object, 10 * MIB, 65 * MIB, 1));
    CHECK_EQ(bump_region_size(&region), 10 * MIB);
    bump_allocator_free(&from, object, 10 * MIB, 1);
    CHECK_NULL(bump_allocator_alloc(&from, 1, (size_t)1 << 46));
    bump_region_destroy(&region);
}

static void keeps_alignment(const struct bump_allocator *from)
{
    for (size_t align = 1; align <= 8192; align *= 2) {
        char *object = bump_allocator_alloc(from, 100, align);
        CHECK_ALIGNED(object, align);
        pattern_fill(object, 100, align);
        char *other = bump_allocator_alloc(from, 1, 1); // object is not the last
        char *moved = bump_allocator_resize(from, object, 100, 100000, align);
        CHECK_ALIGNED(moved, align);
        CHECK_EQ(pattern_mismatch(moved, 100, align), 100);
        moved = bump_allocator_resize(from, moved, 100000, 50, align);
        CHECK_EQ(pattern_mismatch(moved, 50, align), 50);
        bump_allocator_free(from, other, 1, 1);
        bump_allocator_free(from, moved, 50, align);
    }
    CHECK_NULL(bump_allocator_alloc(from, 1, 3));
    CHECK_NULL(bump_allocator_alloc(from, SIZE_MAX - 10, 64));
    bump_allocator_free(from, NULL, 5, 1);
}

int main(void)
{
    struct bump_arena plain = {0}, shared = {0}, chained = {0};
    REQUIRE(bump_arena_create(&shared, 64 * MIB, BUMP_ARENA_SHARED) == 0);
    REQUIRE(bump_arena_create(&chained, MIB, BUMP_ARENA_CHAIN) == 0);
    struct bump_allocator allocators[] = {bump_arena_allocator(&plain),
                                          bump_arena_allocator(&shared),
                                          bump_arena_allocator(&chained), bump_malloc_allocator()};
    for (size_t i = 0; i < 4; i++) {
        all(&allocators[i], i < 3 ? allocators[i].context : NULL);
        keeps_alignment(&allocators[i]);
    }
    bump_arena_destroy(&plain);
    bump_arena_destroy(&shared);
    bump_arena_destroy(&chained);
    fits_into_4_mib();
    serves_one_array();
    return check_end();
}
