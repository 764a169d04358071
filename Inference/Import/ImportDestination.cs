using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>Checks the folder into which a model is to be imported.</summary>
internal static class ImportDestination
{
    /// <param name="target">Full path.</param>
    /// <param name="fingerprint">Of the import that is asked for.</param>
    /// <param name="replace">A model folder may be replaced. Never anything else.</param>
    /// <returns>The folder when it holds this very import; null when the place is free to take.</returns>
    /// <exception cref="ModelFolderException">It is occupied.</exception>
    public static ModelFolder? FindSameImport(string target, string fingerprint, bool replace)
    {
        if (File.Exists(target))
        {
            throw new ModelFolderException(target, "it is a file. Name a folder that does not exist yet.");
        }

        if (!Directory.Exists(target) || !Directory.EnumerateFileSystemEntries(target).Any())
        {
            return null;
        }

        if (!File.Exists(Path.Combine(target, ModelManifest.FileName)))
        {
            throw new ModelFolderException(
                target, "it exists and is not empty. Name another folder, or remove this one first.");
        }

        return replace ? null : Same(target, fingerprint);
    }

    private static ModelFolder Same(string target, string fingerprint)
    {
        const string Next = "Name another folder, or replace it with --force.";
        ModelFolder there;
        try
        {
            there = ModelFolder.Open(target);
        }
        catch (ModelFolderException e)
        {
            throw new ModelFolderException(target, $"it holds an import that cannot be used. {Next} ({e.Message})", e);
        }

        var (source, precision) = (there.Manifest.Source, there.Manifest.Precision);
        return source.Fingerprint == fingerprint
            ? there
            : throw new ModelFolderException(
                target,
                $"it already holds another import: '{there.Manifest.Name}' ({precision.Decoder}), made of other files or in another "
                + $"precision than asked for. {Next}");
    }
}
