// SPDX-License-Identifier: MIT
// Stand-in for Microsoft's header: what the library uses of it, by the documented values.
#pragma once
#include <stddef.h>

#define WINAPI
#define NTAPI
#define API                  __declspec(dllimport)
#define TRUE                 1
#define FALSE                0
#define INFINITE             0xffffffffu
#define MAX_PATH             260
#define INVALID_HANDLE_VALUE ((HANDLE)(size_t)-1)
typedef unsigned long DWORD;
typedef int BOOL;
typedef unsigned short WORD;
typedef wchar_t WCHAR;
typedef size_t SIZE_T, ULONG_PTR, DWORD_PTR;
typedef void *HANDLE, *HMODULE, *PVOID;
typedef union {
    long long QuadPart;
} LARGE_INTEGER;
typedef void (*PIMAGE_TLS_CALLBACK)(PVOID, DWORD, PVOID);
typedef int (*FARPROC)(void);
typedef struct {
    void *p;
} SRWLOCK;
typedef struct {
    void *p;
} CONDITION_VARIABLE;

enum {
    ERROR_SUCCESS = 0,
    ERROR_FILE_NOT_FOUND = 2,
    ERROR_PATH_NOT_FOUND = 3,
    ERROR_ACCESS_DENIED = 5,
    ERROR_INVALID_PARAMETER = 87,
    ERROR_SHARING_VIOLATION = 32,
    ERROR_HANDLE_DISK_FULL = 39,
    ERROR_DISK_FULL = 112,
    ERROR_USER_MAPPED_FILE = 1224,
    MEM_MAPPED = 0x40000,
    ERROR_INVALID_NAME = 123,
    MEM_COMMIT = 0x1000,
    MEM_RESERVE = 0x2000,
    MEM_DECOMMIT = 0x4000,
    MEM_RELEASE = 0x8000,
    MEM_RESET = 0x80000,
    MEM_LARGE_PAGES = 0x20000000,
    PAGE_READONLY = 2,
    PAGE_EXECUTE = 0x10,
    PAGE_EXECUTE_READ = 0x20,
    PAGE_EXECUTE_READWRITE = 0x40,
    OPEN_EXISTING = 3,
    OPEN_ALWAYS = 4,
    FILE_BEGIN = 0,
    CREATE_ALWAYS = 2,
    DUPLICATE_SAME_ACCESS = 2,
    FileStandardInfo = 1,
    FILE_SHARE_READ = 1,
    PAGE_NOACCESS = 1,
    PAGE_READWRITE = 4,
    PAGE_GUARD = 0x100,
    DLL_PROCESS_ATTACH = 1,
    DLL_THREAD_DETACH = 3,
    GET_MODULE_HANDLE_EX_FLAG_PIN = 1,
    GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT = 2,
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS = 4,
    JobObjectExtendedLimitInformation = 9,
    JOB_OBJECT_LIMIT_PROCESS_MEMORY = 0x100,
    JOB_OBJECT_LIMIT_JOB_MEMORY = 0x200,
    STACK_SIZE_PARAM_IS_A_RESERVATION = 0x10000,
    FILE_SHARE_DELETE = 4,
    CREATE_NEW = 1,
    FILE_ATTRIBUTE_TEMPORARY = 0x100,
    FILE_FLAG_DELETE_ON_CLOSE = 0x4000000,
    FILE_MAP_WRITE = 2,
    FILE_MAP_READ = 4,
    DELETE = 0x10000,
};
#define GENERIC_READ      0x80000000u
#define GENERIC_WRITE     0x40000000u
#define STD_INPUT_HANDLE  ((DWORD)-10)
#define STD_OUTPUT_HANDLE ((DWORD)-11)
#define STD_ERROR_HANDLE  ((DWORD)-12)

typedef struct {
    PVOID BaseAddress, AllocationBase;
    DWORD AllocationProtect;
    WORD PartitionId;
    SIZE_T RegionSize;
    DWORD State, Protect, Type;
} MEMORY_BASIC_INFORMATION;
typedef struct {
    struct {
        LARGE_INTEGER PerProcessUserTimeLimit, PerJobUserTimeLimit;
        DWORD LimitFlags;
        SIZE_T MinimumWorkingSetSize, MaximumWorkingSetSize;
        DWORD ActiveProcessLimit;
        ULONG_PTR Affinity;
        DWORD PriorityClass, SchedulingClass;
    } BasicLimitInformation;
    unsigned long long IoInfo[6];
    SIZE_T ProcessMemoryLimit, JobMemoryLimit, PeakProcessMemoryUsed, PeakJobMemoryUsed;
} JOBOBJECT_EXTENDED_LIMIT_INFORMATION;

typedef struct {
    DWORD dwFileAttributes, times[6], dwVolumeSerialNumber, nFileSizeHigh, nFileSizeLow;
    DWORD nNumberOfLinks, nFileIndexHigh, nFileIndexLow;
} BY_HANDLE_FILE_INFORMATION;
typedef struct {
    LARGE_INTEGER AllocationSize, EndOfFile;
    DWORD NumberOfLinks;
    unsigned char DeletePending, Directory;
} FILE_STANDARD_INFO;
typedef struct {
    ULONG_PTR Internal, InternalHigh;
    DWORD Offset, OffsetHigh;
    HANDLE hEvent;
} OVERLAPPED;

API void *VirtualAlloc(void *, SIZE_T, DWORD, DWORD);
API BOOL VirtualFree(void *, SIZE_T, DWORD);
API BOOL VirtualProtect(void *, SIZE_T, DWORD, DWORD *);
API BOOL VirtualUnlock(void *, SIZE_T);
API SIZE_T VirtualQuery(const void *, MEMORY_BASIC_INFORMATION *, SIZE_T);
API SIZE_T GetLargePageMinimum(void);
API DWORD GetLastError(void);
API void SetLastError(DWORD);
API HMODULE GetModuleHandleA(const char *);
API BOOL GetModuleHandleExA(DWORD, const char *, HMODULE *);
API FARPROC GetProcAddress(HMODULE, const char *);
API HANDLE GetCurrentProcess(void);
API DWORD GetCurrentProcessId(void);
API PVOID EncodePointer(PVOID);
API BOOL GetProcessAffinityMask(HANDLE, DWORD_PTR *, DWORD_PTR *);
API BOOL QueryInformationJobObject(HANDLE, int, void *, DWORD, DWORD *);
API void AcquireSRWLockExclusive(SRWLOCK *);
API void ReleaseSRWLockExclusive(SRWLOCK *);
API BOOL SleepConditionVariableSRW(CONDITION_VARIABLE *, SRWLOCK *, DWORD, DWORD);
API void WakeAllConditionVariable(CONDITION_VARIABLE *);
API BOOL SwitchToThread(void);
API void FlushProcessWriteBuffers(void);
API BOOL QueryPerformanceCounter(LARGE_INTEGER *);
API BOOL QueryPerformanceFrequency(LARGE_INTEGER *);
API BOOL TerminateProcess(HANDLE, unsigned);
API DWORD GetTickCount(void);
API unsigned long long GetTickCount64(void);
API HANDLE CreateThread(void *, SIZE_T, DWORD (*)(void *), void *, DWORD, DWORD *);
API BOOL CloseHandle(HANDLE);
API int lstrlenW(const WCHAR *);
API WCHAR *GetEnvironmentStringsW(void);
API BOOL FreeEnvironmentStringsW(WCHAR *);
API HANDLE GetStdHandle(DWORD);
API BOOL WriteFile(HANDLE, const void *, DWORD, DWORD *, void *);
API HANDLE GetProcessHeap(void);
API BOOL HeapFree(HANDLE, DWORD, void *);
API void *HeapReAlloc(HANDLE, DWORD, void *, SIZE_T);
API SIZE_T HeapSize(HANDLE, DWORD, const void *);
API BOOL HeapValidate(HANDLE, DWORD, const void *);
API HANDLE CreateFileA(const char *, DWORD, DWORD, void *, DWORD, DWORD, HANDLE);
API BOOL DeviceIoControl(HANDLE, DWORD, void *, DWORD, void *, DWORD, DWORD *, void *);
API DWORD GetTempPathA(DWORD, char *);
API BOOL GetFileSizeEx(HANDLE, LARGE_INTEGER *);
API BOOL SetFilePointerEx(HANDLE, LARGE_INTEGER, LARGE_INTEGER *, DWORD);
API BOOL SetEndOfFile(HANDLE);
API HANDLE CreateFileMappingA(HANDLE, void *, DWORD, DWORD, DWORD, const char *);
API void *MapViewOfFileEx(HANDLE, DWORD, DWORD, DWORD, SIZE_T, void *);
API BOOL UnmapViewOfFile(const void *);
API BOOL FlushViewOfFile(const void *, SIZE_T);
API BOOL FlushFileBuffers(HANDLE);
API BOOL DuplicateHandle(HANDLE, HANDLE, HANDLE, HANDLE *, DWORD, BOOL, DWORD);
API BOOL GetHandleInformation(HANDLE, DWORD *);
API BOOL GetFileInformationByHandle(HANDLE, BY_HANDLE_FILE_INFORMATION *);
API BOOL GetFileInformationByHandleEx(HANDLE, int, void *, DWORD);
API BOOL ReadFile(HANDLE, void *, DWORD, DWORD *, OVERLAPPED *);
