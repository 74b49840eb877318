package sbom

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// file is a regular file of an archive.
type file struct {
	name    string
	content *bytes.Reader
}

func unpack(name string, data []byte) ([]file, error) {
	switch {
	case strings.HasSuffix(name, ".tar.gz"):
		return untar(data)
	case strings.HasSuffix(name, ".zip"):
		return unzip(data)
	}
	return nil, errors.New("it is neither a .tar.gz nor a .zip")
}

func untar(data []byte) ([]file, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var files []file
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", header.Name, err)
		}
		files = append(files, file{header.Name, bytes.NewReader(content)})
	}
}

func unzip(data []byte) ([]file, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	var files []file
	for _, entry := range archive.File {
		if !entry.Mode().IsRegular() {
			continue
		}
		content, err := readEntry(entry)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name, err)
		}
		files = append(files, file{entry.Name, bytes.NewReader(content)})
	}
	return files, nil
}

func readEntry(entry *zip.File) ([]byte, error) {
	opened, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	return io.ReadAll(opened)
}
