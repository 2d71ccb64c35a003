// SPDX-License-Identifier: MIT
#include "flame.h"

#include "bumprun.h"
#include "svg.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 1200, ROW = 18, HEAD = 56, FOOT = 12, MARGIN = 10 };

struct frame {
    const char *name;
    int64_t value;
    struct frame *callees, *next; // next: another callee of the same caller
};

static const char script[] =
    "<script>//<![CDATA[\n"
    "const all=[...document.querySelectorAll('.f')];\n"
    "function place(g,from,scale){const d=g.dataset,x=10+1180*(d.x-from)*scale,w=1180*d.w*scale;\n"
    "g.style.display=x+w<=10||x>=1190?'none':'';const l=Math.max(x,10),r=Math.min(x+w,1190);\n"
    "const b=g.querySelector('rect'),t=g.querySelector('text');b.setAttribute('x',l);\n"
    "b.setAttribute('width',Math.max(r-l-.5,.2));if(t){t.setAttribute('x',l+3);\n"
    "const "
    "n=Math.floor((r-l-6)/7.2);t.textContent=n<3?'':d.n.length>n?d.n.slice(0,n-1)+'…':d.n;}}\n"
    "for(const g of all){g.onclick=()=>{for(const o of "
    "all)place(o,+g.dataset.x,1/g.dataset.w);};}\n"
    "//]]></script>\n";

// --- tree ---

static struct frame *callee(struct frame *of, const char *name)
{
    struct frame **link = &of->callees;
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    if (!*link) {
        *link = allocate(sizeof(**link));
        **link = (struct frame){.name = name};
    }
    return *link;
}

static void stack_add(struct heap_profile *profile, struct frame *root,
                      const struct profile_stack *stack, int type)
{
    struct frame *frame = root;
    frame->value += stack->value[type];
    for (uint32_t i = stack->depth; i > 0 && stack->value[type]; i--) {
        frame = callee(frame, heap_profile_name(profile, stack->address[i - 1]));
        frame->value += stack->value[type];
    }
}

static int height_of(const struct frame *frame)
{
    int highest = 0;
    for (const struct frame *it = frame->callees; it; it = it->next) {
        int height = height_of(it);
        highest = height > highest ? height : highest;
    }
    return highest + 1;
}

// --- drawing ---

struct drawing {
    struct svg svg;
    int64_t total;
};

// A colour of fire that is always the same for a name.
static void colour_put(const struct drawing *it, const char *name)
{
    unsigned hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    fprintf(it->svg.stream, "hsl(%u 75%% %u%%)", 12 + hash % 38, 56 + hash / 64 % 10);
}

// Names are cut to what fits: a letter is about 7.2 pixels wide.
static void label_put(const struct drawing *it, const char *name, double x, double y, double width)
{
    char label[256];
    size_t fits = width > 26 ? (size_t)((width - 6) / 7.2) : 0;
    if (fits > sizeof(label) - 4)
        fits = sizeof(label) - 4;
    if (strlen(name) <= fits)
        snprintf(label, sizeof(label), "%s", name);
    else
        snprintf(label, sizeof(label), "%.*s%s", (int)(fits ? fits - 1 : 0), name, fits ? "…" : "");
    fprintf(it->svg.stream, "<text x=\"%.1f\" y=\"%.1f\" style=\"fill:#1b1200\">", x + 3, y + 13);
    svg_text(&it->svg, label);
    fputs("</text>", it->svg.stream);
}

// Callers stand above what they call: the widest are in sight when the page opens.
static void frame_put(const struct drawing *it, const struct frame *frame, double begin, int row)
{
    double share = (double)frame->value / (double)it->total;
    double x = MARGIN + begin * (WIDTH - 2 * MARGIN), width = share * (WIDTH - 2 * MARGIN);
    double y = HEAD + (double)row * ROW;
    FILE *out = it->svg.stream;
    fprintf(out, "<g class=\"f\" data-x=\"%.7f\" data-w=\"%.7f\" data-n=\"", begin, share);
    svg_text(&it->svg, frame->name);
    fputs("\"><title>", out);
    svg_text(&it->svg, frame->name);
    fprintf(out, ": %s, %.2f%%</title>", human_bytes((double)frame->value).text, 100 * share);
    fprintf(out, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\" rx=\"2\" fill=\"", x, y,
            width > 0.7 ? width - 0.5 : 0.2, ROW - 1);
    colour_put(it, frame->name);
    fputs("\"/>", out);
    label_put(it, frame->name, x, y, width);
    fputs("</g>\n", out);
    for (const struct frame *above = frame->callees; above; above = above->next) {
        if ((double)above->value / (double)it->total > 0.0002)
            frame_put(it, above, begin, row + 1);
        begin += (double)above->value / (double)it->total;
    }
}

static void tree_free(struct frame *frame)
{
    for (struct frame *it = frame->callees; it;) {
        struct frame *next = it->next;
        tree_free(it);
        free(it);
        it = next;
    }
}

void flame_draw(struct heap_profile *profile, int type, const char *path, const char *title)
{
    struct frame root = {.name = "all"};
    for (size_t i = 0; i < profile->stack_count; i++)
        stack_add(profile, &root, &profile->stacks[i], type);
    struct drawing it = {.total = root.value ? root.value : 1};
    it.svg = svg_open(path, title, WIDTH, HEAD + height_of(&root) * ROW + FOOT);
    fprintf(it.svg.stream, "<text class=\"title\" x=\"%d\" y=\"26\">", MARGIN);
    svg_text(&it.svg, title);
    fprintf(it.svg.stream,
            "</text>\n<text class=\"soft\" x=\"%d\" y=\"44\">%s, one sample in %s of allocations; "
            "click a frame to widen it, the topmost to go back</text>\n",
            MARGIN, human_bytes((double)root.value).text,
            human_bytes((double)profile->period_bytes).text);
    frame_put(&it, &root, 0, 0);
    fputs(script, it.svg.stream);
    svg_close(&it.svg);
    tree_free(&root);
}
