// SPDX-License-Identifier: MIT
// A program that does nothing: linked in ways that no preload gets past.
int main(void)
{
    return 0;
}
