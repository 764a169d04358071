using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.Labels;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Storage.Labels;

public sealed class LabelFilesTests : IDisposable
{
    private static readonly DateTimeOffset At = new(2026, 11, 30, 3, 0, 0, 123, TimeSpan.Zero);
    private static readonly byte[] Jpeg = [0xFF, 0xD8, 1, 2];

    private readonly TemporaryFolder _folder = new();
    private readonly Steps _steps = new();
    private readonly LabelFiles _files;

    public LabelFilesTests() => _files = new LabelFiles(_folder["labels"], 3, _steps);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_label_is_a_picture_in_the_folder_of_its_value_and_a_record_beside_the_folders()
    {
        var label = Label(1, "yes");
        Assert.True(_files.Set("gate", "person", label, Jpeg));

        Assert.Equal(Jpeg, File.ReadAllBytes(_folder["labels/gate/person/yes/20261130-030000123-1.jpg"]));
        var listed = Assert.Single(_files.List("gate", "person"));
        Assert.Equal(label, listed);
        Assert.Equal(Jpeg, _files.ReadPicture("gate", "person", label.Id));
        Assert.Empty(_files.List("gate", "cat"));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["labels"]));
        }
    }

    [Fact]
    public void Another_label_moves_the_picture_and_a_removed_one_leaves_nothing()
    {
        _files.Set("gate", "person", Label(1, "yes"), Jpeg);
        Assert.True(_files.Set("gate", "person", Label(1, "no"), null));
        Assert.Equal("no", Assert.Single(_files.List("gate", "person")).Value);
        Assert.False(Directory.Exists(_folder["labels/gate/person/yes"]));

        Assert.True(_files.Remove("gate", "person", Label(1, "no").Id));
        Assert.False(_files.Remove("gate", "person", Label(1, "no").Id));
        Assert.Empty(Directory.GetFiles(_folder["labels"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void The_number_of_labels_has_a_limit_that_does_not_hinder_a_change()
    {
        for (var frame = 1; frame <= 3; frame++)
        {
            _files.Set("gate", "person", Label(frame, "yes"), Jpeg);
        }

        Assert.Equal(3, Assert.Throws<LabelLimitException>(() => _files.Set("gate", "person", Label(4, "no"), Jpeg)).Most);
        Assert.True(_files.Set("gate", "person", Label(3, "no"), Jpeg));
        Assert.True(_files.Set("gate", "cat", Label(4, "no"), Jpeg));
        Assert.Equal(3, _files.List("gate", "person").Count);
    }

    [Fact]
    public void Pictures_that_somebody_puts_into_the_folders_or_moves_are_labels()
    {
        _files.Set("gate", "person", Label(1, "yes"), Jpeg);
        Directory.CreateDirectory(_folder["labels/gate/person/no"]);
        File.Move(_folder["labels/gate/person/yes/20261130-030000123-1.jpg"], _folder["labels/gate/person/no/20261130-030000123-1.jpg"]);
        File.WriteAllBytes(_folder["labels/gate/person/no/IMG_0001.jpg"], Jpeg);
        File.WriteAllText(_folder["labels/gate/person/no/.hidden.jpg"], "");
        File.WriteAllText(_folder["labels/gate/person/20261130-030000123-1.json"], "{");

        Assert.Equal(
            [new StoredLabel("20261130-030000123-1", "no", null), new StoredLabel("IMG_0001", "no", null)], _files.List("gate", "person"));
    }

    [Theory]
    [InlineData("yes", "yes")]
    [InlineData("light blue", "light blue")]
    [InlineData("../../etc", "%2E.%2F..%2Fetc")]
    [InlineData("n/a", "n%2Fa")]
    [InlineData("50 %", "50 %25")]
    [InlineData("größer", "größer")]
    [InlineData("🚗", "%F0%9F%9A%97")]
    public void Every_choice_has_a_folder_of_its_own_below_the_question(string value, string folder)
    {
        _files.Set("gate", "car", Label(1, value), Jpeg);
        Assert.Equal(folder, Path.GetFileName(Assert.Single(Directory.GetDirectories(_folder["labels/gate/car"]))));
        Assert.Equal(value, Assert.Single(_files.List("gate", "car")).Value);
    }

    [Fact]
    public void A_disk_that_fails_is_reported_and_leaves_what_was_there()
    {
        _files.Set("gate", "person", Label(1, "yes"), Jpeg);
        _steps.Fault = new IOException("No space left on device", 28);
        Assert.Equal("the disk is full", Assert.Throws<LabelStorageException>(() => _files.Set("gate", "person", Label(2, "yes"), Jpeg)).Message);
        _steps.Fault = new UnauthorizedAccessException("Access to the path is denied.");
        Assert.Contains("permission denied", Assert.Throws<LabelStorageException>(() => _files.Set("gate", "person", Label(1, "no"), null)).Message, StringComparison.Ordinal);
        _steps.Fault = null;

        Assert.Equal(Label(1, "yes"), Assert.Single(_files.List("gate", "person")));
        Assert.True(_files.Set("gate", "person", Label(2, "yes"), Jpeg));
        Assert.Equal(2, Directory.GetFiles(_folder["labels/gate/person/yes"]).Length);
    }

    private static StoredLabel Label(long frame, string value) =>
        new(LabelId.Of(At, frame), value, new LabelRecord(1, At, frame, At.AddHours(1), LabelSource.Http, 0.5, "Is there a person?"));

    private sealed class Steps : FileSteps
    {
        public Exception? Fault { get; set; }

        public override void Write(Stream file, ReadOnlySpan<byte> content)
        {
            if (Fault is { } fault)
            {
                throw fault;
            }

            base.Write(file, content);
        }
    }
}
