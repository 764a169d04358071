using System.Globalization;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <content>Copies of the database for a backup that is made while the service runs.</content>
internal sealed partial class HistoryStore
{
    private void AnswerCopyRequests()
    {
        try
        {
            HistoryCopyRequest.Answer(_settings.Folder, Copy);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The one who asks gives up after a while; the next request may work.
            LogNotCopied(fault.Message);
        }
    }

    private void Copy(string file)
    {
        // SQLite copies what is committed.
        if (_inTransaction)
        {
            Attempt(Commit, isForced: true);
        }

        if (_inTransaction || _database is not { } database)
        {
            throw new IOException(_fault ?? "its disk cannot be written.");
        }

        var (needed, free) = (_files.DatabaseBytes(), _files.Free());
        if (free < needed + _settings.MinFreeBytes)
        {
            throw new IOException(string.Create(
                CultureInfo.InvariantCulture,
                $"the copy needs {needed / 1e6:0.0} MB besides History:MinFreeMegabytes ({_settings.MinFreeBytes / 1e6:0}), and the disk has {free / 1e6:0.0} MB free. Free some space."));
        }

        database.CopyTo(file);
    }
}
