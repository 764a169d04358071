using System.IO.Compression;
using System.Text;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>A PyTorch archive whose pickle would run a shell command when a naive reader loads it.</summary>
internal static class HostileArchive
{
    public static void Write(string path, string command)
    {
        File.Delete(path);
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        using (var pickle = archive.CreateEntry("archive/data.pkl", CompressionLevel.NoCompression).Open())
        {
            // PROTO 2; GLOBAL posix system; MARK; BINUNICODE command; TUPLE; REDUCE; STOP.
            pickle.Write([0x80, 2]);
            pickle.Write("cposix\nsystem\n("u8);
            var text = Encoding.UTF8.GetBytes(command);
            pickle.Write([(byte)'X', .. BitConverter.GetBytes(text.Length), .. text]);
            pickle.Write("tR."u8);
        }

        using var version = archive.CreateEntry("archive/version", CompressionLevel.NoCompression).Open();
        version.Write("3\n"u8);
    }
}
