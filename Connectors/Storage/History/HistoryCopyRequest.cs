namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>Asks the service that has a history to copy its database, which it has locked, and answers such a request. Both sides use files in the
/// history's folder, so whoever asks must be allowed to write there, and no network is involved.</summary>
/// <remarks>The one who asks creates <c>copy-ID.request</c>. The service deletes it, writes the copy under another name and renames it to
/// <c>copy-ID.db</c>; or it writes the reason for which that is not possible to <c>copy-ID.failed</c>. Copies that nobody fetched are deleted at the
/// next request.</remarks>
public static class HistoryCopyRequest
{
    private const string Prefix = "copy-";
    private const string Request = ".request";
    private const string Copy = ".db";
    private const string Failed = ".failed";
    private const string Draft = ".new";

    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>A running service reacts within about a second.</summary>
    private static readonly TimeSpan NoticedWithin = TimeSpan.FromSeconds(30);

    /// <summary>Whether the service still runs is checked this often.</summary>
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(2);

    /// <summary>Has the running service copy its database.</summary>
    /// <param name="folder">Of the history.</param>
    /// <param name="target">An empty file, which gets the content.</param>
    /// <param name="isRunning">Whether a service has the history.</param>
    /// <param name="cancel">Withdraws the request.</param>
    /// <exception cref="IOException">The service does not react, ends meanwhile, or cannot copy it; the message says what to do.</exception>
    public static void Run(string folder, string target, Func<bool> isRunning, CancellationToken cancel) =>
        Run(folder, target, isRunning, NoticedWithin, CheckEvery, cancel);

    internal static void Run(
        string folder, string target, Func<bool> isRunning, TimeSpan noticedWithin, TimeSpan checkEvery, CancellationToken cancel)
    {
        var stem = Path.Combine(folder, $"{Prefix}{Guid.NewGuid():N}");
        var (asked, checkedAt) = (TimeProvider.System.GetTimestamp(), TimeProvider.System.GetTimestamp());
        try
        {
            File.Create(stem + Request).Dispose();
            while (!File.Exists(stem + Copy))
            {
                if (File.Exists(stem + Failed))
                {
                    throw new IOException($"The service could not copy its history: {File.ReadAllText(stem + Failed)}");
                }

                if (File.Exists(stem + Request) && TimeProvider.System.GetElapsedTime(asked) > noticedWithin)
                {
                    throw new IOException(
                        "The running service did not copy its history: it is of an earlier version, or the disk of the history does not answer. "
                        + "Stop the service first (systemctl stop mobilevlm), or leave out --history.");
                }

                if (TimeProvider.System.GetElapsedTime(checkedAt) > checkEvery)
                {
                    checkedAt = TimeProvider.System.GetTimestamp();
                    if (!isRunning() && !File.Exists(stem + Copy))
                    {
                        throw new IOException("The service ended while it copied its history. Run the command again.");
                    }
                }

                cancel.ThrowIfCancellationRequested();
                Thread.Sleep(PollEvery);
            }

            using var source = File.OpenRead(stem + Copy);
            using var written = File.OpenWrite(target);
            source.CopyTo(written);
        }
        finally
        {
            foreach (var file in (ReadOnlySpan<string>)[Request, Copy, Failed])
            {
                File.Delete(stem + file);
            }
        }
    }

    /// <summary>Answers the requests that wait. On the thread that has the database.</summary>
    /// <param name="folder">Of the history.</param>
    /// <param name="copy">Copies the database to a file.</param>
    internal static void Answer(string folder, Action<string> copy)
    {
        foreach (var request in Find(folder, Request))
        {
            var stem = request[..^Request.Length];
            DeleteLeft(folder);
            File.Delete(request);
            try
            {
                copy(stem + Draft);
                File.Move(stem + Draft, stem + Copy);
            }
            catch (Exception fault) when (fault is StorageError or IOException or UnauthorizedAccessException)
            {
                File.Delete(stem + Draft);
                File.WriteAllText(stem + Failed, fault.Message);
            }
        }
    }

    private static void DeleteLeft(string folder)
    {
        foreach (var left in ((string[])[Copy, Failed, Draft]).SelectMany(kind => Find(folder, kind)))
        {
            File.Delete(left);
        }
    }

    private static string[] Find(string folder, string kind) => Directory.GetFiles(folder, $"{Prefix}*{kind}");
}
