using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Waybill.Storage.Files;

/// <summary>Puts written octets on stable storage.</summary>
internal static partial class FileSync
{
    /// <summary>Syncs a file's data, and of its metadata only what is needed to read it back (fdatasync).</summary>
    /// <exception cref="IOException">The device refused; what was written may be lost.</exception>
    public static void Data(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(handle);
            return;
        }

        while (DataSync(handle) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                throw new IOException($"fdatasync failed: {Marshal.GetPInvokeErrorMessage(error)}.");
            }
        }
    }

    /// <summary>Syncs a file whole.</summary>
    public static void Whole(SafeFileHandle handle) => RandomAccess.FlushToDisk(handle);

    /// <summary>Syncs a directory, so that a new name in it survives loss of power.</summary>
    public static void Directory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // NTFS journals names with the file's own flush.
        }

        var descriptor = OpenDirectory(path, ReadOnlyDirectory);
        if (descriptor < 0)
        {
            throw new IOException($"The directory '{path}' cannot be synced: {Marshal.GetLastPInvokeErrorMessage()}.");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (WholeSync(handle) != 0)
        {
            throw new IOException($"The directory '{path}' cannot be synced: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    private const int Interrupted = 4; // EINTR
    private const int ReadOnlyDirectory = 0; // O_RDONLY

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int DataSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int WholeSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDirectory(string path, int flags);
}
